//go:build !linux && !darwin

package slscli

import (
	"context"
	"errors"
	"fmt"
	"runtime"
)

type seized struct{}

func seize(context.Context, string) (*seized, error) { return nil, unsupported() }

func (*seized) release() error { return nil }

func shared(string, []byte) (string, func() error, error) { return "", nil, unsupported() }

func unsupported() error {
	return fmt.Errorf("calls on %s: %w (use Linux or macOS)", runtime.GOOS, errors.ErrUnsupported)
}
