/**
 * Try-out chats, completions and classifications on a base model with any adapter. What other
 * modules use is here: {@link dev.graft.inference.GreedyCompletions} asks a model a row of a file
 * and says how likely its {@link dev.graft.inference.GreedyCompletions.ReferenceAnswer} was; {@link
 * dev.graft.inference.TextLabels} does the same of labels.
 *
 * <p>A request is read strictly and answered by {@link dev.graft.inference.api}; its model name
 * leads to the files ({@link dev.graft.inference.ServedModels}), and an {@link
 * dev.graft.inference.Inferrer} answers: warm processes of this machine ({@link
 * dev.graft.inference.local}), an engine where one is configured ({@link
 * dev.graft.inference.engine}), or workers where the server is none ({@link
 * dev.graft.inference.routing}). {@link dev.graft.inference.InferenceConfiguration} chooses. All
 * text and tensor work of this machine is in the child process ({@link dev.graft.inference.child}).
 * An answer is made on a thread of its own ({@link
 * dev.graft.inference.Generations.OngoingGeneration}) and comes in pieces, which are collected or
 * relayed as events.
 *
 * <p>How it fails: a client that leaves a stream cancels its answer; one that waits for a whole
 * answer is noticed only when that is written. No room in the queue or among the processes is 503
 * with {@code retry-after}. A process that crashes, runs out of memory or takes too long costs the
 * one chat it was answering (503); the next chat starts another. A child ends when its standard
 * input does, and by signal where {@code setpriv} is present, so none outlives its server.
 */
@NullMarked
@ApplicationModule(
    allowedDependencies = {
      "platform",
      "platform :: *",
      "spec",
      "spec :: request",
      "spec :: fields",
      "weights",
      "weights :: config",
      "weights :: basics",
      "text",
      "text :: *",
      "tenancy",
      "artifacts",
      "artifacts :: *",
      "calls",
      "catalog",
      "training",
      "training :: generation",
      "jobs :: lease",
      "adapters",
      "adapters :: models"
    })
package dev.graft.inference;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
