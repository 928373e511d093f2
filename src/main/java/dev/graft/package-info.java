/** Graft; each package below is a module, and says how it works and how it fails. */
@NullMarked
package dev.graft;

import org.jspecify.annotations.NullMarked;
