package paguretest

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/distaff-project/distaff/shared/forge/pagure"
)

// said is a message that is to be sent once the lock is released.
type said struct {
	topic   string
	project string
	body    object
}

// say sends messages, on the bus and to the web hooks.
func (s *Server) say(ctx context.Context, all ...said) {
	for _, m := range all {
		s.mu.Lock()
		s.counter++
		count, url, hooks := s.counter, s.config.URL, s.config.Hooks
		s.mu.Unlock()
		now, id := s.config.Now(), newID()
		body := encode(m.body)
		m.body["pagure_instance"], m.body["project_fullname"] = url, m.project
		call := encode(object{
			"topic": m.topic, "msg": m.body, "msg_id": fmt.Sprintf("%d-%s", now.Year(), id), "timestamp": now.Unix(), "i": count,
		})
		for range s.Fate.Copies() {
			if s.config.OnMessage != nil {
				s.config.OnMessage(Message{ID: id, Topic: s.config.TopicPrefix + "pagure." + m.topic, Sent: now, Body: body})
			}
			for _, hook := range hooks {
				s.Deliveries.Send(ctx, hook.URL, hookHeader(url, m, hook.Secret, call), call)
			}
		}
	}
}

func hookHeader(url string, m said, secret string, call []byte) http.Header {
	old := hmac.New(sha1.New, []byte(secret))
	old.Write(call)
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set("X-Pagure", url)
	header.Set("X-Pagure-Project", m.project)
	header.Set("X-Pagure-Topic", m.topic)
	header.Set(pagure.SignatureSHA1, hex.EncodeToString(old.Sum(nil)))
	header.Set(pagure.SignatureSHA256, pagure.Sign(secret, call))
	return header
}

func encode(body any) []byte {
	raw, err := json.Marshal(body)
	if err != nil {
		panic(err) // it holds only maps, slices, strings and numbers
	}
	return raw
}

// newID is a random UUID.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
