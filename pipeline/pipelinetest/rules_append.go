package pipelinetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/slsflow/slsflow/pipeline"
)

func checkConflict(ctx context.Context, l pipeline.Ledger) error {
	log, err := begin(ctx, l)
	if err != nil {
		return err
	}
	return errors.Join(
		wantErr("Append after 1 to a log of 2", l.Append(ctx, log, 1, 1, held("late")), pipeline.ErrConflict),
		wantErr("Append after 3 to a log of 2", l.Append(ctx, log, 3, 1, held("early")), pipeline.ErrConflict),
		wantErr("Append after 1 to no log", l.Append(ctx, pipeline.KeyLog("none"), 1, 0, entry(pipeline.Queued)), pipeline.ErrConflict),
		length(ctx, l, log, 2), length(ctx, l, pipeline.KeyLog("none"), 0))
}

func checkFenced(ctx context.Context, l pipeline.Ledger) error {
	log, err := begin(ctx, l)
	if err != nil {
		return err
	}
	if err := l.Append(ctx, log, 2, 5, held("two")); err != nil {
		return err
	}
	// A request in between must not make the ledger forget the token.
	if err := l.Append(ctx, log, 3, 0, entry(pipeline.CancelRequested)); err != nil {
		return err
	}
	return errors.Join(
		wantErr("Append with the token 1 after 5", l.Append(ctx, log, 4, 1, held("one")), pipeline.ErrFenced),
		wantErr("Append with the token 4 after 5", l.Append(ctx, log, 4, 4, held("one")), pipeline.ErrFenced),
		length(ctx, l, log, 4),
		l.Append(ctx, log, 4, 5, held("two")))
}

func checkTokens(ctx context.Context, l pipeline.Ledger) error {
	log, err := begin(ctx, l)
	if err != nil {
		return err
	}
	if l.Append(ctx, log, 2, 0, held("nobody")) == nil {
		return errors.New("Append took a fact without a token")
	}
	if l.Append(ctx, log, 2, 1, entry(pipeline.CancelRequested)) == nil {
		return errors.New("Append took a request with a token")
	}
	return length(ctx, l, log, 2)
}

func checkRequest(ctx context.Context, l pipeline.Ledger) error {
	log, err := begin(ctx, l)
	if err != nil {
		return err
	}
	e := entry(pipeline.CancelRequested)
	e.By, e.Reason = "alice", "wrong branch"
	if err := l.Append(ctx, log, 2, 0, e); err != nil {
		return err
	}
	if err := l.Append(ctx, log, 3, 1, held("one")); err != nil {
		return fmt.Errorf("after a request, a fact with the token 1: %w", err)
	}
	got, err := l.Read(ctx, log, 2)
	if err == nil && (len(got) != 2 || got[0].Token != 0 || got[0].By != "alice" || got[1].Token != 1) {
		err = fmt.Errorf("the request and the fact came back as %+v", got)
	}
	return err
}

func checkFinished(ctx context.Context, l pipeline.Ledger) error {
	log, err := begin(ctx, l)
	if err != nil {
		return err
	}
	e := entry(pipeline.Finished)
	e.Status = pipeline.Failed
	if err := l.Append(ctx, log, 2, 1, e); err != nil {
		return err
	}
	return errors.Join(
		wantErr("a fact after the end", l.Append(ctx, log, 3, 2, held("two")), pipeline.ErrFinished),
		wantErr("a request after the end", l.Append(ctx, log, 3, 0, entry(pipeline.CancelRequested)), pipeline.ErrFinished),
		length(ctx, l, log, 3))
}

func checkAtomic(ctx context.Context, l pipeline.Ledger) error {
	log, err := begin(ctx, l)
	if err != nil {
		return err
	}
	big := entry(pipeline.Noted)
	big.Error = strings.Repeat("x", pipeline.MaxEntry)
	return errors.Join(
		wantErr("Append of an entry above the bound", l.Append(ctx, log, 2, 9, held("one"), big), pipeline.ErrTooLarge),
		length(ctx, l, log, 2),
		l.Append(ctx, log, 2, 1, held("one"), held("one")), // the token 9 was never written
		length(ctx, l, log, 4),
		l.Append(ctx, log, 4, 1)) // no entries
}

func checkLarge(ctx context.Context, l pipeline.Ledger) error {
	log, err := begin(ctx, l)
	if err != nil {
		return err
	}
	e := entry(pipeline.Noted)
	e.Note = json.RawMessage(`"` + strings.Repeat("é", (pipeline.MaxEntry-1024)/2) + `"`)
	if err := l.Append(ctx, log, 2, 1, e); err != nil {
		return err
	}
	got, err := l.Read(ctx, log, -1)
	if err != nil {
		return err
	}
	e.N, e.Token = 3, 1
	if same("", got, []pipeline.Entry{e}) != nil {
		return errors.New("an entry of almost 32 KiB came back changed")
	}
	return nil
}

func checkVersion(ctx context.Context, l pipeline.Ledger) error {
	log, err := begin(ctx, l)
	if err != nil {
		return err
	}
	newer, unknown := held("one"), entry("guessed")
	newer.V = pipeline.Version + 1
	if l.Append(ctx, log, 2, 1, newer) == nil || l.Append(ctx, log, 2, 1, unknown) == nil {
		return errors.New("Append took an entry of a newer version or an unknown kind")
	}
	return length(ctx, l, log, 2)
}

func checkApart(ctx context.Context, l pipeline.Ledger) error {
	names := []string{"a", "A", "a ", "a/b", "a%2Fb", "'; --", "é", "e\u0301", ""}
	for i, n := range names {
		for range i + 1 {
			got, err := l.Read(ctx, pipeline.KeyLog(n), 0)
			if err != nil {
				return err
			}
			if err := l.Append(ctx, pipeline.KeyLog(n), len(got), 0, entry(pipeline.Queued)); err != nil {
				return fmt.Errorf("key %q: %w", n, err)
			}
		}
	}
	for i, n := range names {
		if err := errors.Join(length(ctx, l, pipeline.KeyLog(n), i+1), length(ctx, l, pipeline.RunLog(n), 0)); err != nil {
			return err
		}
	}
	return nil
}
