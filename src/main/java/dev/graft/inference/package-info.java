/**
 * Try-out chat on a base model with any adapter.
 *
 * <p>A request is read strictly ({@link dev.graft.inference.ChatParameter} is the table), its model
 * name leads to the files ({@link dev.graft.inference.ServedModels}), and a warm child process
 * answers ({@link dev.graft.inference.WarmModels}): one process per base model, one answer at a
 * time, adapters switched between answers, a bounded queue, the idle unloaded. All text and tensor
 * work is in the child ({@link dev.graft.inference.child}).
 *
 * <p>How it fails: no room in the queue or among the processes is 503 with {@code retry-after}. A
 * process that crashes, runs out of memory or takes too long costs the one chat it was answering
 * (503); the next chat starts another. A child ends when its standard input does, and by signal
 * where {@code setpriv} is present, so none outlives its server.
 */
@NullMarked
@ApplicationModule(
    allowedDependencies = {
      "platform",
      "spec",
      "text",
      "tenancy",
      "artifacts",
      "catalog",
      "adapters",
      "training",
      "training :: generation",
      "weights"
    })
package dev.graft.inference;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
