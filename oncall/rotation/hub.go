package rotation

import (
	"log/slog"
	"sync"
)

// hub hands messages to the listeners of this node, each in a goroutine of its own so that a slow one holds up nobody.
type hub struct {
	log *slog.Logger // set at New; nil says nothing

	mu        sync.Mutex
	listeners map[Topic]map[*listener]struct{} // guarded by mu
}

// listener is one who hears. Its queue is bounded: who does not keep up has missed some, and is told so.
type listener struct {
	queue chan []byte
	quit  chan struct{}
	done  chan struct{}
	gap   bool // guarded by the hub's mu: messages were dropped
}

// queueLength is how many messages may wait for one listener.
const queueLength = 256

// listen starts to hear; stop returns when hear has returned and will not be called any more.
func (h *hub) listen(topic Topic, hear func([]byte)) (stop func()) {
	l := &listener{queue: make(chan []byte, queueLength), quit: make(chan struct{}), done: make(chan struct{})}
	h.mu.Lock()
	if h.listeners == nil {
		h.listeners = map[Topic]map[*listener]struct{}{}
	}
	if h.listeners[topic] == nil {
		h.listeners[topic] = map[*listener]struct{}{}
	}
	h.listeners[topic][l] = struct{}{}
	h.mu.Unlock()
	go h.serve(l, "hear "+string(topic), hear)
	var once sync.Once
	return func() {
		once.Do(func() {
			h.mu.Lock()
			delete(h.listeners[topic], l)
			h.mu.Unlock()
			close(l.quit)
		})
		<-l.done
	}
}

// serve calls hear for what is in the queue until the listener quits.
func (h *hub) serve(l *listener, what string, hear func([]byte)) {
	defer close(l.done)
	for {
		select {
		case <-l.quit:
			return
		case m := <-l.queue:
			if !guarded(h.log, what, func() { hear(m) }) && m != nil {
				guarded(h.log, what, func() { hear(nil) }) // this one is as good as missed
			}
		}
		if h.owesGap(l) {
			guarded(h.log, what, func() { hear(nil) })
		}
	}
}

// owesGap reports, once, that all that was queued is heard and what came after it was dropped.
func (h *hub) owesGap(l *listener) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !l.gap || len(l.queue) > 0 {
		return false
	}
	l.gap = false
	return true
}

// send hands a message to all who listen to the topic; nil says that some may have been missed. It never waits.
func (h *hub) send(topic Topic, message []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for l := range h.listeners[topic] {
		if l.gap { // tell first that some are missing
			select {
			case l.queue <- nil:
				l.gap = false
			default:
				continue
			}
		}
		select {
		case l.queue <- message:
		default:
			l.gap = true
		}
	}
}

// gap tells all listeners of all topics that they may have missed messages.
func (h *hub) gap() {
	h.mu.Lock()
	topics := make([]Topic, 0, len(h.listeners))
	for topic := range h.listeners {
		topics = append(topics, topic)
	}
	h.mu.Unlock()
	for _, topic := range topics {
		h.send(topic, nil)
	}
}
