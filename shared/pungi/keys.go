package pungi

import (
	"fmt"
	"slices"
	"strings"
)

// Keys tells what becomes of the keys of a configuration.
type Keys struct {
	// Honoured shape the compose.
	Honoured []string
	// WithoutEffect shape how Pungi works, or files that are not made here.
	WithoutEffect []string
	// OffOnly ask for what is not made here. They may stand there with a value that
	// asks for nothing, or with their phase in skip_phases.
	OffOnly []string
}

// Known gives the keys, each list sorted. Any other key is refused.
func Known() Keys {
	k := Keys{
		Honoured: strings.Fields(`
			additional_packages base_product_name base_product_short base_product_type base_product_version check_deps comps_file
			comps_filter_environments compose_type createrepo_checksum filter_packages gather_lookaside_repos gather_method
			gather_source greedy_method hashed_directories koji_event module_defaults_dir multilib multilib_blacklist
			multilib_whitelist pkgset_koji_builds pkgset_koji_inherit pkgset_koji_module_builds pkgset_koji_module_tag
			pkgset_koji_scratch_tasks pkgset_koji_tag pkgset_repos pkgset_source release_discinfo_description
			release_internal release_is_layered release_name release_short release_type release_version sigkeys skip_phases
			tree_arches tree_variants treeinfo_version variants_file`),
		WithoutEffect: strings.Fields(`
			buildinstall_allow_reuse buildinstall_topdir buildinstall_use_guestmount createiso_allow_reuse createiso_break_hardlinks
			createiso_max_size createiso_max_size_is_strict createiso_skip createiso_use_xorrisofs createrepo_c
			createrepo_enable_cache createrepo_num_threads createrepo_num_workers createrepo_use_xz create_optional_isos disc_types
			dogpile_cache_arguments dogpile_cache_backend dogpile_cache_expiration_time extraiso_allow_reuse failable_deliverables
			filter_system_release_packages gather_allow_reuse gather_backend gather_profiler global_ksurl global_release
			global_runroot_method global_target global_version image_build_allow_reuse image_build_ksurl image_build_release
			image_build_target image_build_version image_name_format image_volid_formats image_volid_layered_product_formats
			iso_level iso_size koji_profile link_type live_images_ksurl live_images_no_rename live_images_release
			live_images_target live_images_version live_media_ksurl live_media_release live_media_target live_media_version
			live_target lorax_options lorax_use_koji_plugin mbs_api_url media_checksum_base_filename media_checksum_one_file
			media_checksums old_composes_per_release_type osbs_allow_reuse osbs_registries osbuild_release osbuild_target
			osbuild_version ostree_installer_overwrite ostree_installer_use_koji_plugin ostree_use_koji_plugin pkgset_allow_reuse
			pkgset_exclusive_arch_considers_noarch repoclosure_backend repoclosure_strictness require_all_comps_packages
			restricted_volid runroot runroot_channel runroot_method runroot_ssh_hostnames runroot_ssh_init_template
			runroot_ssh_install_packages_template runroot_ssh_run_template runroot_ssh_username runroot_tag runroot_weights
			signed_packages_retries signed_packages_wait split_iso_reserve symlink_isos_to translate_paths volume_id_substitutions`),
	}
	for key := range phases() {
		k.OffOnly = append(k.OffOnly, key)
	}
	slices.Sort(k.OffOnly)
	return k
}

// phases are the keys that ask for what is not made here, with the phase of Pungi
// that would make it. Those without a phase change the packages or the repodata in
// a way that is not done here.
func phases() map[string]string {
	return map[string]string{
		"bootable": "buildinstall", "buildinstall_kickstart": "buildinstall", "buildinstall_method": "buildinstall",
		"buildinstall_skip": "buildinstall", "lorax_extra_sources": "buildinstall", "create_jigdo": "createiso",
		"extra_isos": "extra_isos", "extra_files": "extra_files", "image_build": "image_build", "image_container": "image_container",
		"live_images": "live_images", "live_media": "live_media", "osbs": "osbs", "osbuild": "osbuild", "ostree": "ostree",
		"ostree_installer": "ostree_installer", "product_id": "createrepo", "productimg": "productimg",
		"createrepo_database": "", "createrepo_deltas": "", "createrepo_extra_args": "", "createrepo_extra_modulemd": "", "cts_url": "",
		"cts_keytab": "", "filter_modules": "", "gather_fulltree": "", "gather_prepopulate": "", "gather_selfhosting": "",
		"gather_source_mapping": "", "keep_original_comps": "", "module_defaults_override_dir": "", "paths_module": "",
		"pkgset_koji_inherit_modules": "", "pkgset_scratch_modules": "", "product_id_allow_missing": "",
		"product_id_allow_name_prefix": "", "signing_command": "", "signing_key_id": "", "signing_key_password_file": "",
		"variant_as_lookaside": "",
	}
}

// check refuses what is not made here, each by its name.
func (v Values) check() error {
	known, off := Known(), phases()
	skipped, _ := texts(v.Values["skip_phases"]) // its shape is checked where it is read
	keys := v.Keys()
	slices.SortFunc(keys, func(a, b string) int { return v.Lines[a] - v.Lines[b] })
	for _, key := range keys {
		phase, asks := off[key]
		switch {
		case slices.Contains(known.Honoured, key), slices.Contains(known.WithoutEffect, key):
		case !asks && v.used[key]: // only a name for what other keys have
		case !asks:
			return v.wrong(key, "is no key that is known here")
		case empty(v.Values[key]), phase != "" && slices.Contains(skipped, phase):
		case phase != "":
			return v.wrong(key, "asks for what is not made here: remove it, or add %q to skip_phases", phase)
		default:
			return v.wrong(key, "asks for what is not done here: remove it")
		}
	}
	return nil
}

// empty tells whether Python takes a value for false.
func empty(v Value) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case int64:
		return v == 0
	case float64:
		return v == 0
	case List:
		return len(v) == 0
	case Tuple:
		return len(v) == 0
	case Dict:
		return len(v) == 0
	}
	return false
}

func (v Values) wrong(key, format string, args ...any) error {
	at := ""
	if line := v.Lines[key]; line > 0 {
		at = fmt.Sprintf("line %d: ", line)
	}
	return fmt.Errorf("%w: %s%s %s", ErrConfig, at, key, fmt.Sprintf(format, args...))
}
