/**
 * Try-out chats, completions and classifications on a base model with any adapter, and the serving
 * engines that follow a department's aliases.
 *
 * <p>A request is read strictly. {@link dev.graft.inference.ServedModels} resolves its model name
 * to files, and an {@link dev.graft.inference.Inferrer} answers: child processes of this machine,
 * an engine if one is configured, or workers if the server is not one itself. All text and tensor
 * work on this machine runs in child processes. An answer is generated on its own thread, and its
 * pieces are collected or relayed as events. A call to a worker is a row: one server waits for the
 * answer, and the worker asks for calls and reports at any server. Each configured engine is leased
 * work: every few seconds one server compares the adapters of the engine with the wanted ones and
 * updates them.
 *
 * <p>How it fails: a client that closes a stream cancels its answer. If the queue is full or all
 * processes are busy, the answer is 503 with {@code retry-after}. If a process crashes, runs out of
 * memory or takes too long, the one chat that it was answering fails. A child ends when its
 * standard input ends, so it never outlives its server. A server that dies stops renewing its
 * calls, and they are deleted. An engine that cannot be reached is asked again at the next check.
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
