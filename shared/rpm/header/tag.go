package header

import "strconv"

// Tag names a value of a header, numbered as in rpm's rpmtag.h.
type Tag uint32

// Tags of the main header.
const (
	Name              Tag = 1000
	Version           Tag = 1001
	Release           Tag = 1002
	Epoch             Tag = 1003
	Summary           Tag = 1004
	Description       Tag = 1005
	BuildTime         Tag = 1006 // Unix seconds
	BuildHost         Tag = 1007
	Size              Tag = 1009 // bytes, installed
	Vendor            Tag = 1011
	License           Tag = 1014
	Packager          Tag = 1015
	Group             Tag = 1016
	URL               Tag = 1020
	Arch              Tag = 1022
	OldFilenames      Tag = 1027 // whole paths, before rpm 4
	FileModes         Tag = 1030
	FileDigests       Tag = 1035
	FileFlags         Tag = 1037
	SourceRPM         Tag = 1044
	ArchiveSize       Tag = 1046
	ProvideName       Tag = 1047
	RequireFlags      Tag = 1048
	RequireName       Tag = 1049
	RequireVersion    Tag = 1050
	ConflictFlags     Tag = 1053
	ConflictName      Tag = 1054
	ConflictVersion   Tag = 1055
	ExcludeArch       Tag = 1059
	ExclusiveArch     Tag = 1061
	ChangelogTime     Tag = 1080
	ChangelogName     Tag = 1081
	ChangelogText     Tag = 1082
	ObsoleteName      Tag = 1090
	SourcePackage     Tag = 1106
	ProvideFlags      Tag = 1112
	ProvideVersion    Tag = 1113
	ObsoleteFlags     Tag = 1114
	ObsoleteVersion   Tag = 1115
	DirIndexes        Tag = 1116
	BaseNames         Tag = 1117
	DirNames          Tag = 1118
	OldSuggestName    Tag = 1156 // SUSE's and Mandriva's, as the next five
	OldSuggestVersion Tag = 1157
	OldSuggestFlags   Tag = 1158
	OldEnhanceName    Tag = 1159
	OldEnhanceVersion Tag = 1160
	OldEnhanceFlags   Tag = 1161
	LongSize          Tag = 5009
	FileDigestAlgo    Tag = 5011 // OpenPGP's number of the algorithm
	RecommendName     Tag = 5046
	RecommendVersion  Tag = 5047
	RecommendFlags    Tag = 5048
	SuggestName       Tag = 5049
	SuggestVersion    Tag = 5050
	SuggestFlags      Tag = 5051
	SupplementName    Tag = 5052
	SupplementVersion Tag = 5053
	SupplementFlags   Tag = 5054
	EnhanceName       Tag = 5055
	EnhanceVersion    Tag = 5056
	EnhanceFlags      Tag = 5057
	ModularityLabel   Tag = 5096 // name:stream:version:context
)

// Tags of the signature header.
const (
	SigDSA         Tag = 267
	SigRSA         Tag = 268
	SigSHA1        Tag = 269 // of the main header, hexadecimal
	SigArchiveSize Tag = 271 // 64 bits
	SigSHA256      Tag = 273 // of the main header, hexadecimal
	SigOpenPGP     Tag = 278 // base64, rpm 6
	SigPGP         Tag = 1002
	SigMD5Sum      Tag = 1004 // of main header and payload
	SigGPG         Tag = 1005
	SigPayloadSize Tag = 1007
)

// String gives the number, as rpm's documents do.
func (t Tag) String() string {
	if name := t.name(); name != "" {
		return "tag " + strconv.FormatUint(uint64(t), 10) + " (" + name + ")"
	}
	return "tag " + strconv.FormatUint(uint64(t), 10)
}

// name knows the tags people ask after. Those of the signature header have
// numbers of the main header's, so they stay without.
func (t Tag) name() string {
	switch t {
	case Name:
		return "name"
	case Version:
		return "version"
	case Release:
		return "release"
	case Epoch:
		return "epoch"
	case Summary:
		return "summary"
	case Description:
		return "description"
	case Arch:
		return "architecture"
	case BuildTime:
		return "build time"
	case BaseNames, DirNames, DirIndexes, FileModes, FileFlags, FileDigests, OldFilenames:
		return "files"
	case ProvideName, ProvideFlags, ProvideVersion:
		return "provides"
	case RequireName, RequireFlags, RequireVersion:
		return "requires"
	case ConflictName, ConflictFlags, ConflictVersion:
		return "conflicts"
	case ObsoleteName, ObsoleteFlags, ObsoleteVersion:
		return "obsoletes"
	case RecommendName, RecommendFlags, RecommendVersion:
		return "recommends"
	case SuggestName, SuggestFlags, SuggestVersion, OldSuggestName, OldSuggestFlags, OldSuggestVersion:
		return "suggests"
	case SupplementName, SupplementFlags, SupplementVersion:
		return "supplements"
	case EnhanceName, EnhanceFlags, EnhanceVersion, OldEnhanceName, OldEnhanceFlags, OldEnhanceVersion:
		return "enhances"
	case ChangelogTime, ChangelogName, ChangelogText:
		return "changelog"
	default:
		return ""
	}
}
