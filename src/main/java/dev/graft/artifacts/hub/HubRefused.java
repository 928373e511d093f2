package dev.graft.artifacts.hub;

import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;

/** A repository cannot be fetched from the hub; the message gives the reason and the remedy. */
final class HubRefused extends RequestFailed {
  HubRefused(String message) {
    super(ProblemType.INVALID_VALUE, message, "source");
  }
}
