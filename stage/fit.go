package stage

import (
	"cmp"
	"slices"
)

// maxDigits is how many digits the number of a pull request may have.
const maxDigits = 19

// Fit says how the names of a service fit the stages that a policy makes.
type Fit struct {
	Service string `json:"service"`
	Policy  Policy `json:"policy"`
	// Name is the name that leaves the least room for a stage.
	Name CloudName `json:"name"`
	// Left is how many characters Name leaves for a stage; with a fixed stage, how
	// many are left. It is negative if there are too few.
	Left int `json:"left"`
	// Longest is the length of the longest branch (or user name, for the developer
	// policy; for pull requests, their number's) with which all names fit, and all
	// shorter ones do too. It is 0 if none fits, or the policy is a fixed one.
	Longest int `json:"longest"`
	// Always says that every branch, user or number fits, or the fixed stage.
	Always bool `json:"always"`
	// Unfit are the names that AWS would not take in the stage of a fixed policy,
	// or that fit no stage of the policy.
	Unfit Budget `json:"unfit,omitempty"`
}

// OK reports whether there is a stage of the policy with which all names fit.
func (f Fit) OK() bool { return f.Always || f.Longest > 0 }

// Fits says how the names of each service of b fit the stages that p makes, in
// the order of b. For a fixed policy b is made for its stage. For any other it is
// made for a stage that no other part of a name is like.
func (b Budget) Fits(p Policy) []Fit {
	var order []string
	services := make(map[string]Budget)
	for _, c := range b {
		if services[c.Service] == nil {
			order = append(order, c.Service)
		}
		services[c.Service] = append(services[c.Service], c)
	}
	fits := make([]Fit, 0, len(order))
	for _, service := range order {
		fits = append(fits, services[service].fit(service, p))
	}
	return fits
}

func (b Budget) fit(service string, p Policy) Fit {
	f := Fit{Service: service, Policy: p}
	f.Name, _ = b.Tightest()
	if p.kind == byFixed {
		f.Name = b.fullest()
		f.Left, f.Unfit = f.Name.Left(), b.Unfit()
		f.Always = len(f.Unfit) == 0
		return f
	}
	f.Left = MaxLen
	if times, fixed := f.Name.parts(); times > 0 && f.Name.Limit > 0 && !f.Name.Cut {
		f.Left = f.Name.Limit - fixed
	} else if f.Name.Left() < 0 {
		f.Left = f.Name.Left()
	}
	f.Longest, f.Always = p.longest(f.Name.Longest())
	if !f.OK() {
		for _, c := range b {
			if n, always := p.longest(c.Longest()); n == 0 && !always {
				f.Unfit = append(f.Unfit, c)
			}
		}
	}
	return f
}

// fullest returns the name with the fewest characters left, if it can be one that
// is not cut.
func (b Budget) fullest() CloudName {
	return slices.MinFunc(b, func(x, y CloudName) int {
		switch {
		case x.Cut == y.Cut:
			return x.Left() - y.Left()
		case x.Cut:
			return 1
		default:
			return -1
		}
	})
}

// longest returns how long a branch may be whose stage may have room characters.
// always: every one fits.
func (p Policy) longest(room int) (n int, always bool) {
	switch p.kind {
	case byPullRequest:
		n = max(0, room-len("pr-"))
		return min(n, maxDigits), n >= maxDigits
	case byUnique:
		size := cmp.Or(p.size, MaxLen)
		if room >= size {
			return MaxLen, true
		}
		for n < MaxLen && longestUnique(n+1, size) <= room {
			n++
		}
		return n, false
	default:
		return room, false
	}
}
