package deploy

// The prefixes of composes; see docs/composes.md. What begins with composes/ is
// for everybody to read, the rest for nobody.
const (
	composeDocuments = "compose/doc/"
	composeNumbers   = "compose/ids.json"
	composeAskings   = "compose/post/"
	composeList      = "compose/list/"
	composeChanges   = "compose/list/new/"
	composeRows      = "compose/list/rows/"
	composeTotals    = "compose/list/totals.json"
	composeOwners    = "compose/owner/"
	composeLocks     = "compose/lock/"
	composeContents  = "compose/content/"
	composeHolders   = "compose/held/"
	composeReuse     = "compose/reuse/"
	composeFrames    = "compose/frames/"
	composeWork      = "compose/work/"
	composeSums      = "compose/rpm/"
	composeRules     = "compose/rule/"
	composeDumps     = "compose/dump/"
	composeFiles     = "composes/odcs-"
	composeLatest    = "composes/latest-"
	loginCache       = "login/cache/"
	loginSeen        = "login/seen/"
)

// composing is what a function that has to do with composes may do.
func composing(function string) ([]Grant, bool) {
	// A reactor decides by the same code as all others: the document, what is due
	// of it, and the change that the list has to take up.
	decides := []Grant{grant(composeDocuments, Get, Put), grant(composeChanges, Put), grant(due, Put, Delete)}
	// Who opens composes gives them numbers, and who lets them live on holds what
	// they share.
	opens := append(decides, grant(composeNumbers, Get, Put), grant(composeAskings, Get, Put), grant(composeContents, Get, Put))
	// A rule's document, what is due of it, and the pointers to its newest compose.
	rules := []Grant{grant(composeRules, Get, Put), grant(due, Put, Delete)}
	switch function {
	case "compose-api":
		return append(opens,
			grant(composeList, Get, List), grant(composeOwners, Get, Put), grant(composeLocks, Put), grant(composeDumps, Get),
			grant(loginCache, Get, Put), grant(loginSeen, Get, Put),
		), true
	case "compose-page":
		return []Grant{
			grant(composeDocuments, Get), grant(composeList, Get, List), grant(composeLocks, Get), grant(composeContents, Get),
			grant(composeRules, Get), grant(composeFiles, List),
		}, true
	case "compose-make":
		return []Grant{
			grant(composeDocuments, Get), grant(composeLocks, Get, Put), grant(composeContents, Get, Put), grant(composeHolders, Get, Put),
			grant(composeReuse, Get, Put), grant(composeFrames, Get, Put, Delete), grant(composeWork, Get, Put, Delete),
			grant(composeSums, Get, Put), grant(composeFiles, Get, Put),
		}, true
	case "compose-expire":
		return []Grant{
			grant(composeDocuments, Get), grant(composeContents, Get, Put), grant(composeHolders, Get, Put), grant(composeFiles, List, Delete),
		}, true
	case "compose-index":
		return []Grant{
			grant(composeDocuments, Get), grant(composeRows, Get, Put), grant(composeTotals, Get, Put),
			grant(composeChanges, List, Delete), grant(composeOwners, Get, Put),
		}, true
	case "on-compose-wanted":
		return opens, true
	case "on-compose-made":
		return append(decides, grant(composeContents, Get, Put)), true
	case "on-compose-due":
		return append(decides, grant(composeRules, Get, Put)), true
	case "on-compose-changed":
		return append(rules, grant(composeLatest, Put), grant(composeDocuments, Get)), true
	case "on-koji-tag", "on-bodhi-update", "on-module-changed", "on-rule-answered":
		return rules, true
	case "gate-ask", "bus-publish":
		return nil, true
	}
	return nil, false
}
