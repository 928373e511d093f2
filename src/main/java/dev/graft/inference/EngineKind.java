package dev.graft.inference;

import java.util.Locale;

/** How adapters reach an engine. */
enum EngineKind {
  /** It is told to load and unload them. */
  VLLM,
  /** It looks in a directory. */
  DIRECTORY,
  /** It looks in a bucket. */
  S3;

  String wire() {
    return name().toLowerCase(Locale.ROOT);
  }
}
