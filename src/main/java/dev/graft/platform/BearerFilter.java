package dev.graft.platform;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.MDC;
import org.springframework.http.HttpHeaders;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.web.filter.OncePerRequestFilter;

/** Authenticates {@code Authorization: Bearer ...}; part of a security chain. */
public final class BearerFilter extends OncePerRequestFilter {
  /** The request attribute with the principal, which outlives the security context. */
  public static final String PRINCIPAL = BearerFilter.class.getName() + ".principal";

  /** OpenAI's header, which SDKs send for their {@code project}. */
  private static final String PROJECT = "openai-project";

  private static final String SCHEME = "Bearer ";
  private final List<BearerAuthenticator> authenticators;
  private final FailedAuthentications failures;

  /**
   * @param authenticators the authenticators of one surface, asked in order
   */
  public BearerFilter(List<BearerAuthenticator> authenticators, FailedAuthentications failures) {
    this.authenticators = List.copyOf(authenticators);
    this.failures = failures;
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    Optional<String> token = token(request);
    if (token.isPresent() && failures.refuses(request, response, token.get())) return;
    Optional<BearerAuthenticator.Bearer> known = bearer(request);
    if (known.isPresent()) token.ifPresent(failures::succeeded);
    else if (token.isPresent()) failures.failed(request);
    known.ifPresent(caller -> signIn(caller, request));
    Map<String, String> logged = known.map(BearerAuthenticator.Bearer::logged).orElse(Map.of());
    logged.forEach(MDC::put);
    logged.forEach((name, id) -> Span.current().put("graft." + name + "_id", id));
    try {
      chain.doFilter(request, response);
    } finally {
      logged.keySet().forEach(MDC::remove);
    }
  }

  private static void signIn(BearerAuthenticator.Bearer caller, HttpServletRequest request) {
    SecurityContext context = SecurityContextHolder.createEmptyContext();
    context.setAuthentication(
        UsernamePasswordAuthenticationToken.authenticated(
            caller.principal(),
            null,
            AuthorityUtils.createAuthorityList(
                caller.roles().stream().map(role -> "ROLE_" + role).toList())));
    SecurityContextHolder.setContext(context);
    request.setAttribute(PRINCIPAL, caller.principal());
  }

  /** Returns the caller, if the token is valid. */
  Optional<BearerAuthenticator.Bearer> bearer(HttpServletRequest request) {
    return token(request)
        .flatMap(
            token ->
                authenticators.stream()
                    .flatMap(each -> each.authenticate(token, request.getHeader(PROJECT)).stream())
                    .findFirst());
  }

  /** Returns the request's bearer token, valid or not. */
  public static Optional<String> token(HttpServletRequest request) {
    String header = request.getHeader(HttpHeaders.AUTHORIZATION);
    return header == null || !header.regionMatches(true, 0, SCHEME, 0, SCHEME.length())
        ? Optional.empty()
        : Optional.of(header.substring(SCHEME.length()).strip());
  }

  /** Filters async dispatches too, so that they keep the caller. */
  @Override
  protected boolean shouldNotFilterAsyncDispatch() {
    return false;
  }
}
