package dev.graft.platform;

import jakarta.servlet.http.HttpServletRequest;
import java.util.List;
import java.util.Optional;
import org.springframework.stereotype.Component;

/**
 * Asks again who a request is from, while it is being answered: an answer may go on for hours, and
 * keys are revoked meanwhile. Costs what signing in costs.
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

  /** The principal as of now; empty if the request would not be let in any more. */
  public Optional<Object> of(HttpServletRequest request) {
    return gate.roleFor(request)
        .flatMap(role -> bearers.bearer(request).filter(caller -> caller.roles().contains(role)))
        .map(BearerAuthenticator.Bearer::principal);
  }
}
