package process

import (
	"fmt"
	"strconv"
	"strings"
)

// Group is a process group that [Run] has started. It is comparable, and can be
// kept as text and looked at by another process later.
type Group struct {
	// ID is the number of the group, which is that of its first process.
	ID int
	// Start tells the first process from others with the same number.
	Start string
	// Host tells where and since when numbers of processes count: the boot of a
	// machine, and the container on it.
	Host string
}

// String returns the group as [ParseGroup] reads it.
func (g Group) String() string {
	return strconv.Itoa(g.ID) + " " + g.Start + " " + g.Host
}

// ParseGroup returns the group that String has written.
func ParseGroup(s string) (Group, error) {
	part := strings.Split(s, " ")
	if len(part) != 3 || part[1] == "" || part[2] == "" {
		return Group{}, fmt.Errorf("process group %q: want ID START HOST", s)
	}
	id, err := strconv.Atoi(part[0])
	if err != nil || id <= 1 || strconv.Itoa(id) != part[0] {
		return Group{}, fmt.Errorf("process group %q: %q is no number above 1", s, part[0])
	}
	return Group{ID: id, Start: part[1], Host: part[2]}, nil
}
