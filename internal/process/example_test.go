//go:build linux || darwin

package process_test

import (
	"context"
	"fmt"
	"os"

	"github.com/slsflow/slsflow/internal/process"
)

func Example() {
	err := process.Run(context.Background(), process.Command{
		Args:   []string{"sh", "-c", `echo "deploying as $USER"; exit 3`},
		Env:    []string{"PATH=/usr/bin:/bin", "USER=alice"},
		Stdout: os.Stdout,
		Started: func(g process.Group) error {
			fmt.Println("recorded", g.ID > 1)
			return nil
		},
	})
	fmt.Println(err)
	// Output:
	// recorded true
	// deploying as alice
	// run sh: exit status 3
}
