package dev.graft.platform;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.http.HttpHeaders;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.web.filter.OncePerRequestFilter;

/** Reads {@code Authorization: Bearer ...} and asks who that is; part of a security chain. */
public final class BearerFilter extends OncePerRequestFilter {
  /** Request attribute with who calls, which outlives the security context. */
  public static final String PRINCIPAL = BearerFilter.class.getName() + ".principal";

  private static final String SCHEME = "Bearer ";
  private final BearerAuthenticator authenticator;

  public BearerFilter(BearerAuthenticator authenticator) {
    this.authenticator = authenticator;
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    String header = request.getHeader(HttpHeaders.AUTHORIZATION);
    if (header != null && header.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
      authenticator
          .authenticate(header.substring(SCHEME.length()).strip())
          .ifPresent(
              caller -> {
                SecurityContext context = SecurityContextHolder.createEmptyContext();
                context.setAuthentication(
                    UsernamePasswordAuthenticationToken.authenticated(
                        caller.principal(),
                        null,
                        AuthorityUtils.createAuthorityList(
                            caller.roles().stream().map(role -> "ROLE_" + role).toList())));
                SecurityContextHolder.setContext(context);
                request.setAttribute(PRINCIPAL, caller.principal());
              });
    }
    chain.doFilter(request, response);
  }

  /** Async and error dispatches keep the caller of the first one. */
  @Override
  protected boolean shouldNotFilterAsyncDispatch() {
    return false;
  }
}
