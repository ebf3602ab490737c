package portal

import (
	"context"
	"net/http"
	"path/filepath"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/butlerspb/vahta/dispatch"
	"github.com/butlerspb/vahta/dispatch/vault"
)

// Vault has the files of tickets and the recordings of calls; a *vault.Vault is one.
type Vault interface {
	GetFile(ctx context.Context, ticketID, hash string) (dispatch.Attachment, *vault.Reader, error)
	ReadCall(ctx context.Context, c dispatch.CallRecord) (*vault.Reader, error)
}

// Kept is what was said and sent.
type Kept struct {
	Vault Vault
	Index dispatch.Attachments
	Calls interface {
		Call(ctx context.Context, id string) (dispatch.CallRecord, error)
	}
}

// FileEntry is a file of a ticket.
type FileEntry struct {
	Hash   string    `json:"hash" doc:"SHA-256 of its content"`
	Name   string    `json:"name" doc:"As the sender calls it"`
	Type   string    `json:"type" doc:"By its content; nobody has looked whether it is harmless"`
	Bytes  int64     `json:"bytes"`
	At     time.Time `json:"at"`
	Erased time.Time `json:"erased,omitzero"`
}

// FilesReply lists the files of a ticket.
type FilesReply struct {
	Files []FileEntry `json:"files"`
}

func (s *Server) listFiles(ctx context.Context, in *ticketInput) (*bare[FilesReply], error) {
	t, err := s.deps.Desk.Tickets.Ticket(ctx, in.Ticket)
	if err != nil {
		return nil, err
	}
	const most = 10_000
	list, err := s.deps.Desk.Kept.Index.ListAttachments(ctx, dispatch.AttachmentFilter{Ticket: t.ID, Limit: most})
	if err != nil {
		return nil, err
	}
	out := FilesReply{Files: []FileEntry{}}
	for _, a := range list {
		out.Files = append(out.Files, FileEntry{a.Hash, a.Name, a.Type, a.Bytes, a.At, a.Erased})
	}
	return &bare[FilesReply]{out}, nil
}

type fileInput struct {
	Ticket string `path:"ticket" doc:"Number or ID"`
	Hash   string `path:"hash" minLength:"64" maxLength:"64"`
	Reason string `query:"reason" maxLength:"500" doc:"For the audit"`
}

// getFile sends a file of a ticket; the audit hears of it first.
func (s *Server) getFile(ctx context.Context, in *fileInput) (*huma.StreamResponse, error) {
	t, err := s.deps.Desk.Tickets.Ticket(ctx, in.Ticket)
	if err != nil {
		return nil, err
	}
	a, from, err := s.deps.Desk.Kept.Vault.GetFile(ctx, t.ID, in.Hash)
	if err != nil {
		return nil, err
	}
	if err := s.opens(ctx, dispatch.ActOpenFile, "attachment "+a.Hash, t.Number.String(), in.Reason); err != nil {
		_ = from.Close() // nothing was read
		return nil, err
	}
	return s.stream(a.Type, a.Name, from), nil
}

type recordingInput struct {
	Call   string `path:"call" doc:"ID, as the ticket's log has it"`
	Reason string `query:"reason" maxLength:"500" doc:"For the audit"`
}

// getRecording sends the recording of a call; the audit hears of it first.
func (s *Server) getRecording(ctx context.Context, in *recordingInput) (*huma.StreamResponse, error) {
	c, err := s.deps.Desk.Kept.Calls.Call(ctx, in.Call)
	if err != nil {
		return nil, err
	}
	from, err := s.deps.Desk.Kept.Vault.ReadCall(ctx, c)
	if err != nil {
		return nil, err
	}
	name := filepath.Base(c.Detail.Recording.Path)
	if err := s.opens(ctx, dispatch.ActListen, "recording "+name, c.Ref.Number, in.Reason); err != nil {
		_ = from.Close() // nothing was read
		return nil, err
	}
	return s.stream("audio/wav", name, from), nil
}

// opens writes into the audit who is about to open something.
func (s *Server) opens(ctx context.Context, act dispatch.AuditAct, object, number, reason string) error {
	c := callerOf(ctx)
	by := c.token.Person
	if by == "" {
		by = "token " + c.token.Name
	}
	_, err := s.deps.Desk.Audit.WriteAudit(ctx, dispatch.AuditEntry{
		At: s.deps.Now(), By: by, Channel: dispatch.ChannelAPI, From: "token " + c.token.Name, Act: act, Object: object, Ticket: number, Reason: reason, Node: s.deps.Node,
	})
	return err
}

func (s *Server) keptRoutes() {
	const get = http.MethodGet
	onDesk(s, route{get, "/tickets/{ticket}/files", "list-files", "List the files that came with a ticket's messages", DeskRead, 0, "files"}, s.listFiles)
	onDesk(s, route{get, "/tickets/{ticket}/files/{hash}", "get-file", "Send a file of a ticket; the audit notes it", DeskRead, 0, "files"}, s.getFile)
	onDesk(s, route{get, "/calls/{call}/recording", "get-recording", "Send the recording of a call as WAV; the audit notes it", RecordingsRead, 0, "files"}, s.getRecording)
	s.fileAnswer("/tickets/{ticket}/files/{hash}", get)
	s.fileAnswer("/calls/{call}/recording", get)
}
