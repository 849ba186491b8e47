package room

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink"
)

// Annex is a second network beside the room's, joined to it by a cable: for a
// program whose fixed port somebody in the room has.
type Annex struct {
	// Number is different for each annex, from 1 to 250.
	Number int
	// Owns is another address its program is reached at, such as the cluster IP
	// of its Service; empty: none.
	Owns string
}

// Room is the address at which a program in the annex finds the room.
func (a Annex) Room() string { return fmt.Sprintf("10.200.%d.1", a.Number) }

// Address is where the program in the annex is found.
func (a Annex) Address() string { return fmt.Sprintf("10.200.%d.2", a.Number) }

// Start starts a program in a new annex. The path has to be an absolute one.
func (a Annex) Start(cmd *exec.Cmd) error {
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = errors.Join(write.Close(), read.Close()) }()
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(clean(cmd.Env), where+"="+annexed, where+"_ADDRESSES="+a.Address()+"/24 "+a.Owns, where+"_PROGRAM="+cmd.Path)
	cmd.Path = program
	cmd.ExtraFiles = []*os.File{read}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWNET
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("make an annex: %w", err)
	}
	if err := a.cable(cmd.Process.Pid); err != nil {
		_ = cmd.Process.Kill()
		return fmt.Errorf("lay the cable to the annex: %w", err)
	}
	return nil
}

// cable joins the annex of a process to the room.
func (a Annex) cable(pid int) error {
	name := fmt.Sprintf("annex%d", a.Number)
	if old, err := netlink.LinkByName(name); err == nil {
		_ = netlink.LinkDel(old) // of a program that was ended, on its way out
	}
	attributes := netlink.NewLinkAttrs()
	attributes.Name = name
	link := &netlink.Veth{LinkAttrs: attributes, PeerName: "room", PeerNamespace: netlink.NsPid(pid)}
	if err := netlink.LinkAdd(link); err != nil {
		return err
	}
	address, err := netlink.ParseAddr(a.Room() + "/24")
	if err != nil {
		return err
	}
	err = errors.Join(netlink.AddrAdd(link, address), netlink.LinkSetUp(link))
	if err != nil || a.Owns == "" {
		return err
	}
	return netlink.RouteReplace(&netlink.Route{Dst: host(a.Owns), Gw: net.ParseIP(a.Address())})
}

func host(address string) *net.IPNet {
	return &net.IPNet{IP: net.ParseIP(address), Mask: net.CIDRMask(32, 32)}
}

// settle puts the annex's end of the cable up, and becomes the program that was
// to be started.
func settle() error {
	if _, err := io.Copy(io.Discard, os.NewFile(3, "cable")); err != nil {
		return err
	}
	addresses := strings.Fields(os.Getenv(where + "_ADDRESSES"))
	for i, name := range []string{"room", "lo"} {
		if err := up(name); err != nil {
			return err
		}
		if i >= len(addresses) {
			continue
		}
		link, err := netlink.LinkByName(name)
		if err != nil {
			return err
		}
		text := addresses[i]
		if !strings.Contains(text, "/") {
			text += "/32"
		}
		address, err := netlink.ParseAddr(text)
		if err != nil {
			return err
		}
		if err := netlink.AddrAdd(link, address); err != nil {
			return err
		}
	}
	return syscall.Exec(os.Getenv(where+"_PROGRAM"), os.Args, clean(os.Environ())) //nolint:gosec // the parent says which
}
