# The part of the solver that is libsolv's: read by Python beside libdnf's
# bindings ("hawkey"), which dnf and Pungi use. It reads a request from standard
# input, opens only the repository files named there, and writes an answer to
# standard output. Both are JSON; see request and answer in process.go.
#
# The gathering is Pungi's method "deps" (pungi, gather_dnf.py): of what fits a
# requirement, one package is taken. What that leaves uninstallable, libsolv's
# solver completes.
import collections
import fnmatch
import json
import re
import resource
import sys

import hawkey

DEBUG = ["*-debuginfo", "*-debuginfo-*", "*-debugsource"]
CHUNK = 400
# So many packages that only the solver finds uninstallable are told of.
MOST = 200


class Gather:
    def __init__(self, ask):
        self.ask = ask
        self.sack = hawkey.Sack(cachedir=ask["cache"], arch=ask["arch"], rootdir=ask["cache"], make_cache_dir=True,
                                logfile=ask["cache"] + "/hawkey.log")
        self.lookaside = []
        for repo in ask["repos"]:
            one = hawkey.Repo(repo["id"])
            one.repomd_fn = repo["repomd"]
            one.primary_fn = repo["primary"]
            one.filelists_fn = repo["filelists"]
            self.sack.load_repo(one, load_filelists=bool(repo["filelists"]))
            if repo["lookaside"]:
                self.lookaside.append(repo["id"])
        self.order = [a for a in self.sack.list_arches() if a in ask["native"] or a in ask["multilib"]]
        # The machine's own first, noarch last.
        self.rank = {a: i for i, a in enumerate(sorted(self.order, key=lambda a: a == "noarch"))}
        self.exclude(hawkey.Query(self.sack).filter(arch=self.order))
        # Of each name and architecture only the newest is content; lookaside
        # repositories count for this too, so that an older copy is not added.
        q = hawkey.Query(self.sack).filter(arch=self.order)
        self.binary = q.difference(q.filter(name__glob=DEBUG)).latest().apply()
        self.native = set(self.binary.filter(arch=ask["native"]))
        # The solver is to know nothing else.
        self.sack.add_excludes(hawkey.Query(self.sack).difference(self.binary).apply())
        self.result = {}  # package -> why
        self.found = {}  # requirement -> what fits it
        self.by_need = {}  # requirement -> what was taken
        self.unresolved = set()
        self.multilib_done = set()
        self.by_nvr = None

    def exclude(self, q):
        drop = hawkey.Query(self.sack).filter(empty=True)
        own = q.filter(reponame__neq=self.lookaside) if self.lookaside else q
        for pattern in self.ask["exclude"]:
            drop = drop.union(self.match(own, pattern))
        for pattern in self.ask["black"]:
            drop = drop.union(own.filter(name__glob=pattern, arch=self.ask["multilib"] or ["-"]))
        self.sack.add_excludes(drop.apply())

    def match(self, q, pattern):
        """Packages by name, name.arch, globs of these, or, with ".+", of the
        multilib architectures."""
        if pattern.endswith(".+"):
            return q.filter(name__glob=pattern[:-2], arch=self.ask["multilib"] or ["-"])
        found = q.filter(name__glob=pattern)
        if not found and "." in pattern:
            name, arch = pattern.rsplit(".", 1)
            found = q.filter(name__glob=name, arch=arch)
        return found

    def outside(self, pkg):
        return pkg.reponame in self.lookaside

    def best(self, packages, need=False):
        """Pungi's choice: lookaside before content of the same name, native
        before multilib, what is there already, the best architecture, the
        shortest name."""
        if self.ask["greedy"] == "all":
            return packages
        covered = {(p.name, p.evr) for p in packages if self.outside(p)}
        packages = [p for p in packages if self.outside(p) or (p.name, p.evr) not in covered]
        native = [p for p in packages if p in self.native]
        other = [p for p in packages if p not in self.native or p.arch == "noarch"]
        for group in ([p for p in native if p in self.result], [p for p in other if p in self.result], native, other):
            if group:
                break
        else:
            return []
        first = min(group, key=lambda p: (self.rank[p.arch], len(p.name), p.name, not self.outside(p), p.evr, p.reponame))
        if need and self.ask["greedy"] == "build":
            return [p for p in (native if first in self.native else other) if p.sourcerpm == first.sourcerpm]
        return [first]

    def add(self, pkg, why):
        if pkg in self.result:
            return False
        self.result[pkg] = why
        self.fresh.append(pkg)
        return True

    def initial(self):
        missing = []
        for pattern in self.ask["include"]:
            names = {}
            for pkg in self.match(self.binary, pattern):
                names.setdefault(pkg.name, []).append(pkg)
            if not names:
                missing.append(pattern)
            for name in sorted(names):
                for pkg in self.best(names[name]):
                    self.add(pkg, "asked for")
        return missing

    def needs(self, pkg):
        seen = {}
        for req in list(pkg.requires) + list(pkg.requires_pre):
            seen[str(req)] = req
        return seen

    def fitting(self, pkg):
        """What fits each requirement of a package. Rich dependencies are the
        solver's part."""
        for text, req in sorted(self.needs(pkg).items()):
            if not text.startswith(("rpmlib(", "(")):
                if text not in self.found:
                    self.found[text] = list(self.binary.filter(provides=req))
                yield text, self.found[text]

    def dependencies(self):
        while self.fresh:
            pkg = self.fresh.popleft()
            if self.outside(pkg):
                continue
            for text, found in self.fitting(pkg):
                if text not in self.by_need:
                    self.by_need[text] = self.best(found, need=True)
                for dep in self.by_need[text]:
                    self.add(dep, "%s requires %s" % (name(pkg), text))

    def multilib(self):
        if not self.ask["methods"]:
            return
        if self.by_nvr is None:
            self.by_nvr = {}
            for pkg in self.binary.filter(arch=[a for a in self.ask["multilib"] if a != "noarch"] or ["-"]):
                self.by_nvr.setdefault((pkg.name, pkg.version, pkg.release), []).append(pkg)
        for pkg in sorted(self.result, key=name):
            if pkg in self.multilib_done or pkg.arch in self.ask["multilib"] or pkg.arch == "noarch":
                continue
            self.multilib_done.add(pkg)
            for twin in self.best(self.by_nvr.get((pkg.name, pkg.version, pkg.release), [])):
                method = self.chosen(twin)
                if method:
                    self.add(twin, "multilib " + method)

    def chosen(self, pkg):
        if any(fnmatch.fnmatchcase(pkg.name, g) for g in self.ask["black"]):
            return None
        if any(fnmatch.fnmatchcase(pkg.name, g) for g in self.ask["white"]):
            return "whitelist"
        for method in self.ask["methods"]:
            if METHODS[method](pkg):
                return method
        return None

    def run(self):
        self.fresh = collections.deque()
        missing = self.initial()
        if self.ask["deps"]:
            self.dependencies()
        while True:
            before = len(self.result)
            self.multilib()
            if self.ask["deps"]:
                self.dependencies()
            if len(self.result) == before:
                break
        broken = []
        if self.ask["deps"] or self.ask["check"]:
            broken = self.complete(self.ask["deps"])
        return missing, broken

    def complete(self, add):
        """Lets the solver install what is here from what is here and lookaside.
        Where it cannot, and may add, it is asked again with everything."""
        hopeless = {}
        while True:
            inside = set(self.result)
            dead = self.lacking(inside)
            dead.update(hopeless)
            hidden = [p for p in self.binary if p in dead or p not in inside and not self.outside(p)]
            rest = hawkey.Query(self.sack).filter(pkg=hidden).apply() if hidden else None
            if rest is not None:
                self.sack.add_excludes(rest)
            alive = sorted((p for p in inside if not self.outside(p) and p not in dead), key=name)
            rich = [group for group in map(self.rich, alive) if group and add and self.goal(group) is None]
            bad = self.uninstallable(alive)
            if rest is not None:
                self.sack.remove_excludes(rest)
            before = len(self.result)
            for group in rich:
                goal = self.goal(group)
                for dep in goal.list_installs() if goal else []:
                    self.add(dep, "%s needs it beside %s" % (name(group[0]), ", ".join(map(name, group[1:]))))
            for pkg, problems in bad.items():
                goal = self.goal([pkg]) if add else None
                if goal is None:
                    hopeless[pkg] = problems
                    continue
                for dep in goal.list_installs():
                    self.add(dep, "%s needs it to be installed" % name(pkg))
            if add:
                self.dependencies()
            if len(self.result) == before:
                dead.update(bad)
                return sorted(((p, problems) for p, problems in dead.items()), key=lambda b: name(b[0]))

    def rich(self, pkg):
        """A package with rich dependencies, and what of these is here: "(a if b)"
        asks for a only where b is installed, too."""
        group = [pkg]
        for text in self.needs(pkg):
            for word in re.split(r"\s(?:and|or|if|else|unless|with|without)\s", text) if text.startswith("(") else []:
                word = word.strip().lstrip("(")
                while word.count(")") > word.count("("):
                    word = word.rstrip()[:-1]
                group += [p for p in self.binary.filter(provides=word) if p in self.result and p not in group][:1]
        return group if len(group) > 1 else None

    def lacking(self, inside):
        """What lacks a requirement, and what needs such a package and can have
        no other: told without the solver, which would be asked about each."""
        dead, needed_by = {}, {}
        for pkg in sorted(inside, key=name):
            if self.outside(pkg):
                continue
            for text, found in self.fitting(pkg):
                found = [p for p in found if p in inside or self.outside(p)]
                if not found and pkg not in dead:
                    dead[pkg] = ["nothing provides %s needed by %s" % (text, name(pkg))]
                    self.unresolved.add((pkg, text))
                for dep in found:
                    needed_by.setdefault(dep, []).append((pkg, text))
        todo = list(dead)
        for bad in todo:  # grows
            for pkg, text in needed_by.get(bad, []):
                if pkg not in dead and all(p in dead for p in self.found[text] if p in inside or self.outside(p)):
                    dead[pkg] = ["%s needs %s of %s, which cannot be installed" % (name(pkg), text, name(bad))]
                    todo.append(pkg)
        return dead

    def goal(self, packages):
        goal = hawkey.Goal(self.sack)
        for pkg in packages:
            goal.install(pkg)
        return goal if goal.run(ignore_weak_deps=True) else None

    def uninstallable(self, packages):
        """Many at once, halved where that fails: what cannot be installed, and
        what only cannot be installed together, are told apart at one."""
        bad = {}
        todo = [packages[i:i + CHUNK] for i in range(0, len(packages), CHUNK)]
        while todo:
            part = todo.pop()
            if not part or self.goal(part) is not None:
                continue
            if len(part) > 1:
                half = len(part) // 2
                todo += [part[:half], part[half:]]
                continue
            goal = hawkey.Goal(self.sack)
            goal.install(part[0])
            goal.run(ignore_weak_deps=True)
            bad[part[0]] = [line for problem in goal.problem_rules() for line in problem]
            if len(bad) >= MOST:
                break
        return bad


def name(pkg):
    return "%s-%s.%s" % (pkg.name, pkg.evr, pkg.arch)


# Which packages of the second architecture belong into a tree: python-multilib's
# rules (release-engineering, multilib.py and etc/multilib.conf).
LIBDIRS = {"/lib", "/lib64", "/usr/lib", "/usr/lib64"}
PLUGINS = {"%s/%s" % (d, p) for d in ("/usr/lib", "/usr/lib64")
           for p in ("alsa-lib", "dri", "gtk-2.0/modules", "gtk-2.0/immodules", "krb5/plugins", "sasl2", "vdpau")}
PLUGINS |= {"/lib/security", "/lib64/security", "/etc/lsb-release.d"}
GTK = ["/usr/lib*/gtk-2.0/*/" + d for d in ("engines", "modules", "immodules", "loaders", "printbackends", "filesystems")]
DIRS = ["/usr/lib*/qt*/plugins/*", "/usr/lib*/kde*/plugins/*", "/usr/lib*/qt5/qml/*", "/usr/lib*/gdk-pixbuf-2.0/*/loaders",
        "/usr/lib*/xine/plugins/*"]
RUNTIME_WHITE = {"libflashsupport", "libgnat", "lmms-vst", "nspluginwrapper", "perl-libs", "redhat-lsb",
                 "syslinux-extlinux-nonlinux", "syslinux-nonlinux", "syslinux-tftpboot", "valgrind", "wine", "yaboot"}
RUNTIME_BLACK = {"httpd", "php", "tomcat-native"}
DEVEL_BLACK = {"dmraid-devel", "httpd-devel", "kdeutils-devel", "mkinitrd-devel", "java-1.5.0-gcj-devel",
               "java-1.6.0-openjdk-devel", "java-1.7.0-icedtea-devel", "java-1.7.0-openjdk-devel",
               "java-1.8.0-openjdk-devel", "php-devel"}


def provides(pkg):
    return {str(p).split(" ")[0] for p in pkg.provides}


def runtime(pkg):
    if pkg.name in RUNTIME_BLACK:
        return False
    if pkg.name in RUNTIME_WHITE:
        return True
    if pkg.name.startswith("kernel") and "kernel" in provides(pkg):
        return False
    return any(library(path) for path in pkg.files)


def library(path):
    folder, _, file = path.rpartition("/")
    if folder in LIBDIRS and fnmatch.fnmatchcase(file, "*.so.*") or folder in PLUGINS:
        return True
    if folder == "/etc/ld.so.conf.d" and file.endswith(".conf"):
        return True
    if folder in ("/lib", "/lib64") and file.startswith(("libnss_", "libdb-")):
        return True
    if not folder.startswith(("/usr/lib", "/usr/lib64")):
        return False
    if folder.startswith(("/usr/lib/gtk-2.0", "/usr/lib64/gtk-2.0")):
        return any(fnmatch.fnmatchcase(folder, g) for g in GTK)
    if folder.startswith(("/usr/lib/gstreamer-", "/usr/lib64/gstreamer-")) or any(fnmatch.fnmatchcase(folder, g) for g in DIRS):
        return True
    if folder in ("/usr/lib/oprofile", "/usr/lib64/oprofile"):
        return fnmatch.fnmatchcase(file, "*.so.*")
    if folder in ("/usr/lib/wine", "/usr/lib64/wine"):
        return file.endswith(".so")
    return folder in ("/usr/lib/sane", "/usr/lib64/sane") and file.startswith("libsane-")


def devel(pkg):
    if pkg.name in DEVEL_BLACK:
        return False
    if runtime(pkg):
        return True
    if pkg.name.startswith("ghc-"):
        return False
    if pkg.name.startswith("kernel"):
        names = provides(pkg)
        if "kernel-devel" in names:
            return False
        if any(n.endswith(("-devel", "-static")) for n in names):
            return True
    return pkg.name.endswith(("-devel", "-static"))


METHODS = {"runtime": runtime, "devel": devel, "all": lambda pkg: True}


def main():
    ask = json.load(sys.stdin)
    for key in ("methods", "white", "black", "include", "exclude"):
        ask[key] = ask[key] or []
    resource.setrlimit(resource.RLIMIT_AS, (ask["memory"], ask["memory"]))
    gather = Gather(ask)
    missing, broken = gather.run()
    json.dump({
        "packages": [{
            "name": p.name, "epoch": p.epoch, "version": p.version, "release": p.release, "arch": p.arch, "repo": p.reponame,
            "location": p.location, "source": p.sourcerpm or "", "checksum": p.chksum[1].hex() if p.chksum else "", "why": why,
        } for p, why in sorted(gather.result.items(), key=lambda item: name(item[0]))],
        "missing": missing,
        "unresolved": sorted([name(p), need] for p, need in gather.unresolved),
        "broken": [{"package": name(p), "problems": problems} for p, problems in broken],
    }, sys.stdout)


main()
