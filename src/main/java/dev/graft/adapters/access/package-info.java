/**
 * Who may see, use and download an adapter: its own department, and those that an administrator
 * names ({@link dev.graft.adapters.access.CheckpointPermissions}). A permission is about exactly
 * the name that it has. What a department may not see is answered like what does not exist.
 */
@NullMarked
package dev.graft.adapters.access;

import org.jspecify.annotations.NullMarked;
