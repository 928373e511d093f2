package dev.graft.artifacts.hub;

import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;

/** A model cannot be had from the hub; the message says why and what to do. */
public final class HubRefused extends RequestFailed {
  HubRefused(String message) {
    super(ProblemType.INVALID_VALUE, message, "source");
  }
}
