package media

import "math"

// The detector looks at blocks of 102 samples (12.75 ms): long enough to tell 697 from 770 Hz, short enough that a key
// of 40 ms (Q.24) fills at least two of them wherever it begins.
const (
	blockSize    = 102
	pureBlocks   = 2    // equal blocks that make a key, if they are pure and equally loud
	waryBlocks   = 3    // the same for a wary detector: 38 ms, longer than what gateways that cut tones let through
	hitBlocks    = 5    // equal blocks that make a key all the same, if they are equally loud
	missBlocks   = 2    // blocks without it that end the key: 25 ms; Q.24 wants 40 ms between keys
	minLevel     = -36  // dBFS of the two tones together
	normalTwist  = 6.4  // high tone may be weaker by 8 dB (Q.24 asks 5 to 10)
	reverseTwist = 2.6  // high tone may be stronger by 4 dB
	nextTone     = 6.3  // each tone stands 8 dB above the others of its group
	purity       = 0.78 // least share of the block's energy in the two tones, 1.5 % beside their frequency: speech has less
	pure         = 0.98 // the same, on frequency
	steady       = 1.3  // largest step of power between blocks: 1.1 dB; speech swells and fades
	harmonic     = 0.1  // second harmonic of the high tone to it, at most: voices have more
)

// Detector finds DTMF keys in sound (Q.23, Q.24). It resists speech: the two tones must carry the block almost alone,
// stand out in their groups, balance each other, have no harmonics, and keep their level. Not safe for concurrent use.
type Detector struct {
	wary     bool // nothing but pure keys: where keys are to come another way and speech comes most of the time
	block    [blockSize]int16
	n        int
	key      byte    // key being pressed, 0 = none
	last     reading // the previous block
	hits     int     // equal blocks in a row
	pureHits int     // pure ones in a row
	misses   int
}

// reading is what a block looks like.
type reading struct {
	key   byte // 0 = none
	power float64
	pure  bool
}

// follows reports whether r goes on with the key of the block before.
func (r reading) follows(before reading) bool {
	return r.key != 0 && r.key == before.key && r.power < before.power*steady && before.power < r.power*steady
}

// NewDetector returns a detector that has heard nothing.
func NewDetector() *Detector { return &Detector{} }

// Feed takes A-law sound and returns the keys whose press it completed.
func (d *Detector) Feed(a []byte) []byte {
	var keys []byte
	for len(a) > 0 {
		n := min(len(a), blockSize)
		if k := d.listen(a[:n], lawA); k != 0 {
			keys = append(keys, k)
		}
		a = a[n:]
	}
	return keys
}

// listen takes sound and returns the key whose press it completed, 0 for none.
func (d *Detector) listen(sound []byte, l law) (key byte) {
	for _, c := range sound {
		if l == lawU {
			c = ulawToAlaw[c]
		}
		d.block[d.n] = alawToLinear[c]
		if d.n++; d.n == blockSize {
			d.n = 0
			if k := d.judge(classify(&d.block)); k != 0 {
				key = k
			}
		}
	}
	return key
}

// judge debounces the blocks.
func (d *Detector) judge(r reading) (pressed byte) {
	if !r.follows(d.last) {
		d.hits, d.pureHits = 0, 0
	}
	d.hits++
	if d.pureHits++; !r.pure {
		d.pureHits = 0
	}
	d.last = r
	if r.key != 0 && r.key == d.key {
		d.misses = 0
		return 0
	}
	enough := d.hits >= hitBlocks || d.pureHits >= pureBlocks
	if d.wary {
		enough = d.pureHits >= waryBlocks
	}
	if r.key != 0 && enough {
		d.key, d.misses = r.key, 0
		return r.key
	}
	if d.misses++; d.misses >= missBlocks {
		d.key = 0
	}
	return 0
}

// classify finds the key whose tones fill a block.
func classify(block *[blockSize]int16) (none reading) {
	var total float64
	for _, v := range block {
		total += float64(v) * float64(v)
	}
	floor := fullScale * fullScale / 2 * math.Pow(10, minLevel/10.0) * blockSize
	if total < floor {
		return none
	}
	rows, cols := dtmfFreqs()
	r, row := strongest(block, rows)
	if r < 0 {
		return none
	}
	c, col := strongest(block, cols)
	if c < 0 || row > col*normalTwist || col > row*reverseTwist {
		return none
	}
	share := explained(block, rows[r], cols[c]) / total
	if share < purity || goertzel(block[:], 2*cols[c]) > harmonic*col {
		return none
	}
	return reading{key: dtmfKeys[4*r+c], power: total, pure: share >= pure}
}

// explained returns the energy of the best fit (least squares) of two sines of the given frequencies to the block.
func explained(block *[blockSize]int16, hz1, hz2 float64) float64 {
	const n = 4
	var m [n][n + 1]float64 // normal equations, right side last
	for i, v := range block {
		s1, c1 := math.Sincos(2 * math.Pi * hz1 / sampleRate * float64(i))
		s2, c2 := math.Sincos(2 * math.Pi * hz2 / sampleRate * float64(i))
		basis := [n]float64{s1, c1, s2, c2}
		for r := range n {
			for c := range n {
				m[r][c] += basis[r] * basis[c]
			}
			m[r][n] += basis[r] * float64(v)
		}
	}
	var right [n]float64
	for r := range n {
		right[r] = m[r][n]
	}
	for p := range n { // Gauss-Jordan; the matrix is close to a multiple of the unit matrix
		for r := range n {
			if r == p {
				continue
			}
			f := m[r][p] / m[p][p]
			for c := p; c <= n; c++ {
				m[r][c] -= f * m[p][c]
			}
		}
	}
	energy := 0.0
	for r := range n {
		energy += right[r] * m[r][n] / m[r][r]
	}
	return energy
}

// strongest returns the index and power of the tone that stands out of its group, -1 if none does.
func strongest(block *[blockSize]int16, group [4]float64) (best int, power float64) {
	p := goertzel4(block, group)
	for i := range p {
		if p[i] > p[best] {
			best = i
		}
	}
	for i := range p {
		if i != best && p[i]*nextTone > p[best] {
			return -1, 0
		}
	}
	return best, p[best]
}

// goertzel4 is goertzel for a group of tones in one pass: the processor works on all four at once.
func goertzel4(block *[blockSize]int16, group [4]float64) (power [4]float64) {
	var k [4]float64
	for i, hz := range group {
		k[i] = 2 * math.Cos(2*math.Pi*hz/sampleRate)
	}
	var a0, b0, a1, b1, a2, b2, a3, b3 float64
	for _, v := range block {
		x := float64(v)
		a0, b0 = x+k[0]*a0-b0, a0
		a1, b1 = x+k[1]*a1-b1, a1
		a2, b2 = x+k[2]*a2-b2, a2
		a3, b3 = x+k[3]*a3-b3, a3
	}
	return [4]float64{
		a0*a0 + b0*b0 - k[0]*a0*b0, a1*a1 + b1*b1 - k[1]*a1*b1, a2*a2 + b2*b2 - k[2]*a2*b2, a3*a3 + b3*b3 - k[3]*a3*b3,
	}
}

// goertzel returns the power of one frequency in the samples: for a sine of amplitude A, (A*N/2)².
func goertzel(x []int16, hz float64) float64 {
	return goertzelStep(x, 2*math.Cos(2*math.Pi*hz/sampleRate))
}

func goertzelStep(x []int16, k float64) float64 {
	var a, b float64
	for _, v := range x {
		a, b = float64(v)+k*a-b, a
	}
	return a*a + b*b - k*a*b
}

// meterWindow is 50 ms: resolves 20 Hz.
const meterWindow = sampleRate / 20

// Meter tells whether one frequency dominates a sound. It is meant for tests and self-test calls: play a tone at one
// end, look for it at the other. Not safe for concurrent use.
type Meter struct {
	hz      float64
	window  [meterWindow]int16
	n       int
	heard   int // windows the tone dominates
	windows int
}

// NewMeter makes a meter for a frequency in Hz.
func NewMeter(hz float64) *Meter { return &Meter{hz: hz} }

// Add takes A-law sound.
func (m *Meter) Add(a []byte) {
	for _, c := range a {
		m.window[m.n] = alawToLinear[c]
		if m.n++; m.n == len(m.window) {
			m.n = 0
			m.windows++
			if Dominates(m.window[:], m.hz) {
				m.heard++
			}
		}
	}
}

// Windows returns how many windows of 50 ms were heard in all, and how many of them the tone dominated.
func (m *Meter) Windows() (heard, all int) { return m.heard, m.windows }

// Dominates reports whether more than half of the energy of linear samples lies at a frequency and is louder than -40 dBFS.
func Dominates(pcm []int16, hz float64) bool {
	const quiet = 1e-4 // -40 dBFS as power
	var total float64
	for _, v := range pcm {
		total += float64(v) * float64(v)
	}
	n := float64(len(pcm))
	return total > quiet*fullScale*fullScale/2*n && goertzel(pcm, hz)*2/n > total/2
}
