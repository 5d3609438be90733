// Package outputs keeps what instances publish, and the record of each
// deployment that did.
//
// A [Record] is one deployment of an [Instance], or its removal. It is written
// by [Store.Begin] before the first effect and by [Store.End] after the last
// one, so that a deployment that was killed is still known; every earlier record
// is kept. Packages sqliteoutputs and dynamooutputs have stores, package outputstest
// checks yours.
//
// To read an output, parse its address by [ParseRef] and look it up by [Lookup]; to
// read those of many instances, [ListPublished].
package outputs
