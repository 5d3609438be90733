package gitflow_test
import ("testing";"os";"fmt";"errors";"github.com/slsflow/slsflow/gitflow")
func TestDbg(t *testing.T){
 var seed uint64
 fmt.Sscan(os.Getenv("SEED"),&seed)
 g:=newOracle(t,"--bare"); h:=&history{}; c:=h.generate(seed); hs:=h.write(g)
 m:=askGit(g,hs[c.ours],hs[c.theirs])
 fmt.Println(m.messages)
 _,err:=g.open().Promote(t.Context(),hs[c.theirs],hs[c.ours],gitflow.PromoteOptions{Author:ann,DryRun:true,AllowUnrelated:true})
 if ce,ok:=errors.AsType[*gitflow.ConflictError](err);ok{ for _,x:=range ce.Conflicts{fmt.Println(x.Path,x.Kind,x.Reason)}}
 b:=g.git("merge-base","--all",hs[c.ours],hs[c.theirs]); fmt.Println(b)
 fmt.Println(g.git("ls-tree","-r",hs[c.ours])); fmt.Println(g.git("ls-tree","-r",hs[c.theirs]))
}
