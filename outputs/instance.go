package outputs

import (
	"fmt"

	"github.com/slsflow/slsflow/stage"
)

// Instance is one deployed service: app × service × stage × region. It is
// comparable and may be the key of a map.
type Instance struct {
	App     string     `json:"app"`
	Service string     `json:"service"`
	Stage   stage.Name `json:"stage"`
	Region  string     `json:"region"`
}

// String returns "app:stage:region:service", the order of an output's address.
func (i Instance) String() string {
	return fmt.Sprintf("%s:%s:%s:%s", i.App, i.Stage, i.Region, i.Service)
}
