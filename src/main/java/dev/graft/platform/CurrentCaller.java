package dev.graft.platform;

import jakarta.servlet.http.HttpServletRequest;
import java.util.List;
import java.util.Optional;
import org.springframework.stereotype.Component;

/**
 * Authenticates the caller of a running request again: a streamed answer may take hours, and the
 * key may be revoked meanwhile. Costs as much as the first authentication.
 */
@Component
public final class CurrentCaller {
  private final BearerFilter bearers;
  private final RouteGate gate;

  CurrentCaller(
      List<BearerAuthenticator> authenticators, FailedAuthentications failures, RouteGate gate) {
    this.bearers = new BearerFilter(BearerAuthenticator.ofTheApi(authenticators), failures);
    this.gate = gate;
  }

  /** Returns the current principal; empty if the request would now be refused. */
  public Optional<Object> of(HttpServletRequest request) {
    return gate.roleFor(request)
        .flatMap(role -> bearers.bearer(request).filter(caller -> caller.roles().contains(role)))
        .map(BearerAuthenticator.Bearer::principal);
  }
}
