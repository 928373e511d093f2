/**
 * Try-out chats and completions on a base model with any adapter.
 *
 * <p>A request is read strictly ({@link dev.graft.inference.ChatParameter} and {@link
 * dev.graft.inference.CompletionParameter} are the tables), its model name leads to the files
 * ({@link dev.graft.inference.ServedModels}), and a warm child process answers ({@link
 * dev.graft.inference.WarmModels}): one process per base model, one answer at a time, adapters
 * switched between answers, a bounded queue, the idle unloaded. All text and tensor work is in the
 * child ({@link dev.graft.inference.child}). An answer is made on a thread of its own ({@link
 * dev.graft.inference.Answering}) and comes in pieces, which are collected or relayed as events.
 *
 * <p>Where an engine is configured, it answers instead of the processes ({@link
 * dev.graft.inference.EngineInferrer}): the same asks, over OpenAI's own API.
 *
 * <p>A server that is no worker has workers answer ({@link dev.graft.inference.RoutedInferrer}): a
 * worker asks for calls beside its jobs ({@link dev.graft.inference.CallLoop}), fetches the model's
 * files as it fetches a job's, answers with warm processes of its own and reports what there is of
 * the answer every moment ({@link dev.graft.inference.CallAnswer}); the server relays it from the
 * {@link dev.graft.inference.CallBoard}. While it trains, a worker takes no calls ({@link
 * dev.graft.inference.TrainingFirst}).
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
      "spec",
      "text",
      "tenancy",
      "artifacts",
      "catalog",
      "adapters",
      "jobs :: lease",
      "training",
      "training :: generation",
      "weights"
    })
package dev.graft.inference;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
