/**
 * Serving engines that have the departments' adapters by themselves: vLLM, told over its endpoints
 * for LoRA adapters, and directories or buckets of the form that its LoRA resolvers look in.
 *
 * <p>How it works: each engine of the settings is a piece of leased work that never ends ({@link
 * dev.graft.engines.EngineCheck}). Every few seconds one server compares what the engine should
 * have ({@link dev.graft.engines.ServedAdapters}: what aliases stand for) with what it says that it
 * has, and makes up the difference ({@link dev.graft.engines.EngineSync}). Nothing is remembered of
 * an engine but what was found last, for people to read; so one that was started again, or a server
 * that was killed in between, is no special case. A move of an alias makes the next check due now.
 *
 * <p>How it fails: an engine that cannot be reached is asked again at the next check. An adapter
 * that vLLM does not load is told with the reason, and the others are served.
 */
@NullMarked
@ApplicationModule(
    allowedDependencies = {
      "platform",
      "platform :: *",
      "weights :: *",
      "tenancy",
      "artifacts",
      "artifacts :: s3",
      "artifacts :: manifest",
      "adapters",
      "adapters :: registry",
      "inference :: engine",
      "work"
    })
package dev.graft.engines;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
