// Package variables resolves the ${…} variables of a serverless.yml.
//
// [ParseDocument] reads the file with positions, a [Resolver] resolves it with a
// [Source] for each type of variable, and the [Result] knows where each value
// came from and whether a secret is in it. [Result.CLI] writes what the
// Serverless command line is given.
//
// Begin with [Local], which has the sources that need nothing but the service's files,
// and add [Env] and those of the packages below: awssource, gitsource, vaultsource,
// dopplersource, terraformsource, and configsource for what the document itself asks
// for. [Document.Variables] lists what a document reads without resolving it,
// [Resolver.Property] resolves one property alone, and [Untrusted] is for documents of
// people who are not trusted.
//
// The rules are those of Serverless Framework 3 as osls 4 keeps them. Values are
// looked up only when something needs them: ${self:a.b} needs a.b and not its
// neighbours. A source that has no value lets the fallback count, an error never
// does. What a source returns is looked through for variables again, but for a
// secret, which is data. All problems are reported at once, each with file, line
// and column.
package variables
