package dev.graft.catalog;

import dev.graft.platform.ProblemException;
import dev.graft.platform.ProblemType;

/** A base model cannot be registered as asked; the message says why and names no path. */
public final class ModelRefused extends ProblemException {
  ModelRefused(String message) {
    super(ProblemType.INVALID_VALUE, message);
  }
}
