/**
 * Try-out chats, completions and classifications on a base model with any adapter, and the serving
 * engines that follow a department's aliases.
 *
 * <p>A request is read strictly; its model name leads to the files ({@link
 * dev.graft.inference.ServedModels}), and an {@link dev.graft.inference.Inferrer} answers: warm
 * child processes of this machine, an engine where one is configured, or workers where the server
 * is none. All text and tensor work of this machine is in child processes. An answer is made on its
 * own thread and comes in pieces, which are collected or relayed as events. A call to a worker is a
 * row: one server waits, and the worker asks for calls and reports at any server. Each configured
 * engine is a piece of leased work: every few seconds one server compares what the engine should
 * have with what it reports, and makes up the difference.
 *
 * <p>How it fails: a client that leaves a stream cancels its answer. No room in the queue or among
 * the processes is 503 with {@code retry-after}. A process that crashes, runs out of memory or
 * takes too long costs the one chat that it was answering. A child ends when its standard input
 * does, so none outlives its server. A server that dies no longer keeps its calls, and they are
 * swept. An engine that cannot be reached is asked again at the next check.
 */
@NullMarked
@ApplicationModule(
    allowedDependencies = {
      "spec",
      "platform",
      "platform :: database",
      "platform :: work",
      "weights",
      "text",
      "model",
      "artifacts",
      "tenancy",
      "catalog",
      "jobs :: lease",
      "adapters"
    })
package dev.graft.inference;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
