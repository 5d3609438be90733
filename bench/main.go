// Bench measures how fast variables are resolved, beside the command line's own
// engine in the same run, and prints a table. Call it from the root of the
// module:
//
//	go run ./bench [-sizes 100,1000,10000,30000] [-shape TEXT] [-cpuprofile FILE]
//
// Of each kind of document and each size it prints the time that a resolution
// takes here, from the parsed document to a result, in which each value stands at its
// place, that of the other engine, which puts the values into the document's own
// objects, and the ratio of the two. The next ratio counts also a copy of all values
// as maps of Go, which belong to the caller. Then the growth: the time against that
// of the size before, divided by the growth of the size; time, allocations and bytes
// for one variable; what it takes from the bytes to values as maps, against the YAML
// alone: all files that are read, also from the bytes to values as maps; and the ratio
// if finding the variables in the parsed document counts too, on both sides. Times are
// those of the processor, in all threads, of calls in a row, so that garbage collection
// counts on both sides; what is compared takes turns, and the least time counts.
//
// Before that it prints what the whole program examples/print takes on a small
// service, beside the print of the command line, as processes from start to end;
// and how often a store is asked for ten outputs of each of a hundred services.
// The values of both are compared: a difference ends the program with status 1.
//
// The other engine is that of `make testenv`. Without it there are no ratios.
//
//	go run ./bench -git [-files 1000,10000,100000] [-shape TEXT]
//
// measures merging and reverting beside git, on repositories of some numbers of files
// and on long histories, and the search for undone work among so many commits, beside
// a process of git that reads the same messages. It prints the time of git's whole
// process; that of the same here in a repository that is open, the first time and
// again; that of a program as a process, and its growth from one size to the next
// against git's growth; and the most memory of both processes. The claim does not hold
// if the first time takes longer than three times git's process, or the process longer
// than that and 10 ms, or if it has more than 32 MB and twice the bytes of the commits
// that are searched. An answer that is not git's ends the program with status 1.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/pprof"
	"strconv"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	sizes := flag.String("sizes", "100,1000,10000,30000", "how many `variables` a document has")
	only := flag.String("shape", "", "only documents or repositories whose name holds this `text`")
	profile := flag.String("cpuprofile", "", "write a CPU profile to this `file`")
	alone := flag.Bool("alone", false, "do not run the other engine")
	withGit := flag.Bool("git", false, "measure what gitflow does beside git")
	files := flag.String("files", "1000,10000,100000", "with -git: how many `files` a repository has, or commits that wait")
	undoneOf := flag.Bool("undone", false, "print the reverts that gitflow finds in a `REPO FROM TO`, which are the arguments")
	peakOf := flag.Bool("peak", false, "print the most memory of the program that the arguments are, in KiB")
	flag.Parse()
	var err error
	switch {
	case *peakOf:
		err = printPeak(ctx, flag.Args())
	case *undoneOf:
		err = printUndone(ctx, flag.Args())
	case *withGit:
		err = runGit(ctx, *files, *only)
	default:
		err = run(ctx, *sizes, *only, *profile, *alone)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, sizes, only, profile string, alone bool) (err error) {
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	list, err := numbers("-sizes", sizes)
	if err != nil {
		return err
	}
	var other *engine
	if !alone {
		if other, err = startEngine(ctx, os.Stderr); err != nil {
			fmt.Fprintln(os.Stderr, "bench: no ratios:", err)
			other = nil
		} else {
			if err := other.close(); err != nil {
				return err
			}
		}
	}
	if other != nil && strings.Contains("print", only) {
		if err := programs(ctx, os.Stdout); err != nil {
			return err
		}
	}
	if strings.Contains("outputs", only) {
		if err := published(ctx, os.Stdout); err != nil {
			return err
		}
	}
	return table(ctx, os.Stdout, other != nil, list, only)
}

func runGit(ctx context.Context, files, only string) error {
	list, err := numbers("-files", files)
	if err != nil {
		return err
	}
	return gitTable(ctx, os.Stdout, list, only)
}

func numbers(flag, text string) (list []int, err error) {
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 10 {
			return nil, fmt.Errorf("%s: %q is no number of 10 or more", flag, part)
		}
		list = append(list, n)
	}
	return list, nil
}
