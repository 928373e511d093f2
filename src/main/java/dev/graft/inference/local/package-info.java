/**
 * Warm child processes of this machine ({@link dev.graft.inference.local.WarmModels}): one process
 * per base model, one answer at a time, adapters switched between answers, a bounded queue, the
 * idle unloaded.
 *
 * <p>How it fails: no room in a queue or among the processes refuses the chat for now; a process
 * that crashes or takes too long is ended and costs the one chat that it was answering. The thread
 * that starts a child lives as long as it does, because a child dies with the thread that started
 * it.
 */
@NullMarked
package dev.graft.inference.local;

import org.jspecify.annotations.NullMarked;
