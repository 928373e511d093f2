/**
 * The endpoints by which a model is shared with other departments: OpenAI's permissions of
 * checkpoints, for administrators, and those of an adapter, for the owners of its department. Both
 * write the same permissions ({@link dev.graft.adapters.access.CheckpointPermissions}).
 */
@NullMarked
package dev.graft.adapters.permissions;

import org.jspecify.annotations.NullMarked;
