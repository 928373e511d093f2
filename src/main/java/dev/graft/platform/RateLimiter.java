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
 * Says whether a caller may make one more request now. Asked once the caller is known and before
 * what they may do is looked at, so that refusals count as well. The module that knows callers
 * supplies the bean.
 */
@FunctionalInterface
public interface RateLimiter {
  /** For each request. */
  Turn take(Object principal);

  /**
   * One request's turn, by the tighter of the limits that hold for its caller.
   *
   * @param limit requests a minute
   * @param remaining requests that would be let through at once
   * @param full when all of {@code limit} would be again
   * @param retryIn how long until this request may come again; zero if it may pass
   * @param whose limit it is, for the error: {@code key} or {@code project}
   */
  record Turn(int limit, int remaining, Duration full, Duration retryIn, String whose) {
    boolean refused() {
      return retryIn.isPositive();
    }
  }

  /** Tells callers their rate limit, as OpenAI does, and stops those who have used it up. */
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
              "Rate limit of this %s reached: %d requests a minute. Try again in %s."
                  .formatted(turn.whose(), turn.limit(), spelled(turn.retryIn())))
          .retryAfter(turn.retryIn());
    }

    /** As OpenAI spells a time: {@code 120ms}, {@code 1.5s}, {@code 6m0s}. */
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
