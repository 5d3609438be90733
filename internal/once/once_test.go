package once_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/slsflow/slsflow/internal/once"
)

func Example() {
	var m once.Map[string]
	for range 2 {
		fmt.Println(m.Do(context.Background(), "a", func(context.Context) (string, bool, error) {
			fmt.Println("asked")
			return "value", true, nil
		}))
	}
	// Output:
	// asked
	// value true <nil>
	// value true <nil>
}

func TestManyAskOnce(t *testing.T) {
	var m once.Map[int]
	var asked atomic.Int32
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			v, found, err := m.Do(t.Context(), fmt.Sprint(i%2), func(context.Context) (int, bool, error) {
				asked.Add(1)
				return i % 2, true, nil
			})
			if err != nil || !found || v != i%2 {
				t.Error(v, found, err)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 2, asked.Load())
}

func TestErrorIsKept(t *testing.T) {
	var m once.Map[int]
	asked := 0
	for range 2 {
		_, _, err := m.Do(t.Context(), "a", func(context.Context) (int, bool, error) {
			asked++
			return 0, false, errors.New("denied")
		})
		require.EqualError(t, err, "denied")
	}
	require.Equal(t, 1, asked)
}

// Who gives up leaves the question to those who wait.
func TestGivenUp(t *testing.T) {
	var m once.Map[int]
	ctx, cancel := context.WithCancel(t.Context())
	begun, waiting := make(chan struct{}), make(chan struct{})
	first := make(chan error)
	go func() {
		_, _, err := m.Do(ctx, "a", func(ctx context.Context) (int, bool, error) {
			close(begun)
			<-ctx.Done()
			return 0, false, ctx.Err()
		})
		first <- err
	}()
	<-begun
	second := make(chan int)
	go func() {
		close(waiting)
		v, _, _ := m.Do(t.Context(), "a", func(context.Context) (int, bool, error) { return 7, true, nil })
		second <- v
	}()
	<-waiting
	cancel()
	require.ErrorIs(t, <-first, context.Canceled)
	require.Equal(t, 7, <-second)
}
