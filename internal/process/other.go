//go:build !linux && !darwin

package process

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"
)

func run(context.Context, Command) error { return unsupported() }

func end(context.Context, Group, time.Duration) (bool, error) { return false, unsupported() }

func unsupported() error {
	return fmt.Errorf("process groups on %s: %w (use Linux or macOS)", runtime.GOOS, errors.ErrUnsupported)
}
