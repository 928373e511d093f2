package dev.graft.platform;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.Locale;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Decides whether a caller may make another request now. Called after authentication and before
 * authorization, so that refused requests count too. The module that authenticates callers supplies
 * the bean.
 */
@FunctionalInterface
public interface RateLimiter {
  /** Takes a turn for one request. */
  Turn take(Object principal);

  /**
   * The result for one request, by the tighter of the caller's limits.
   *
   * @param limit requests per minute
   * @param remaining the number of requests that would be accepted now
   * @param full the time until all of {@code limit} is available again
   * @param retryIn the time until the request may be retried; zero if it is accepted
   * @param whose the owner of the limit, for the error: {@code key} or {@code project}
   */
  record Turn(int limit, int remaining, Duration full, Duration retryIn, String whose) {
    boolean refused() {
      return retryIn.isPositive();
    }
  }

  /** Sends callers their rate limit in headers, as OpenAI does, and refuses requests above it. */
  static final class RateLimitFilter extends OncePerRequestFilter {
    private final RateLimiter limiter;
    private final ErrorWriter errors;

    RateLimitFilter(RateLimiter limiter, ErrorWriter errors) {
      this.limiter = limiter;
      this.errors = errors;
    }

    @Override
    protected void doFilterInternal(
        HttpServletRequest request, HttpServletResponse response, FilterChain chain)
        throws ServletException, IOException {
      Object principal = request.getAttribute(BearerFilter.PRINCIPAL);
      if (principal != null) {
        RateLimiter.Turn turn = limiter.take(principal);
        response.setHeader("x-ratelimit-limit-requests", Integer.toString(turn.limit()));
        response.setHeader("x-ratelimit-remaining-requests", Integer.toString(turn.remaining()));
        response.setHeader("x-ratelimit-reset-requests", spelled(turn.full()));
        if (turn.refused()) {
          errors.write(response, refusal(turn));
          return;
        }
      }
      chain.doFilter(request, response);
    }

    private static RequestFailed refusal(RateLimiter.Turn turn) {
      return new RequestFailed(
              ProblemType.RATE_LIMITED,
              "Rate limit reached for this %s: %d requests per minute. Try again in %s."
                  .formatted(turn.whose(), turn.limit(), spelled(turn.retryIn())))
          .retryAfter(turn.retryIn());
    }

    /** Formats a time as OpenAI does: {@code 120ms}, {@code 1.5s}, {@code 6m0s}. */
    static String spelled(Duration time) {
      if (time.toSeconds() < 1) return time.toMillis() + "ms";
      if (time.toMinutes() < 1) {
        String seconds = String.format(Locale.ROOT, "%.3f", time.toMillis() / 1000.0);
        return seconds.replaceFirst("\\.?0+$", "") + "s";
      }
      return time.toMinutes() + "m" + time.toSecondsPart() + "s";
    }
  }
}
