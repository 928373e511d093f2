package dev.graft.catalog;

import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;

/** A base model cannot be registered as asked; the message says why and names no path. */
public final class ModelRefused extends RequestFailed {
  ModelRefused(String message) {
    super(ProblemType.INVALID_VALUE, message);
  }
}
