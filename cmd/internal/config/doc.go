// Package config reads the one configuration file into the configurations of all packages.
//
// The file is YAML. It is decoded strictly: an unknown setting or a wrong type is refused with its line and a caret under
// it, and so is everything the packages' own Validate methods find. VAHTA_* environment variables lie over the file
// (log.level is VAHTA_LOG_LEVEL); secrets may be given as "file:/path". A configuration that was refused changes nothing:
// on reload the old one stays in force.
//
// It knows the shape of the file and nothing of what the settings do. A new setting must work when it is absent.
package config
