package dev.graft.platform;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLongArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/**
 * Counts failed logins per address and minute. Above the limit, credentials from the address are
 * not looked up, except those that were valid here before, so that users behind one address do not
 * lock each other out. The counts are in memory and per server; with too many addresses, the least
 * recently used is dropped.
 */
@Component
public class FailedAuthentications {
  private static final Logger log = LoggerFactory.getLogger(FailedAuthentications.class);
  private static final Duration WINDOW = Duration.ofMinutes(1);
  static final int ADDRESSES = 10_000;
  private static final int GOOD = 4096;

  /** Health probes, which are not limited. */
  private static final Set<String> PROBES = Set.of("/startupz", "/livez", "/readyz");

  private record Failures(Instant since, int count) {
    /** Returns whether the window is over; also true if the clock was set back. */
    boolean over(Instant now) {
      return now.isBefore(since) || !now.isBefore(since.plus(WINDOW));
    }
  }

  private final Map<String, Failures> failures =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Failures> eldest) {
          return size() > ADDRESSES;
        }
      };

  /** Recently valid credentials: one part of the hash is the index, another part the value. */
  private final AtomicLongArray good = new AtomicLongArray(GOOD);

  private final ErrorWriter errors;
  private final Clock clock;
  private final int most;

  FailedAuthentications(ErrorWriter errors, Clock clock, HttpProperties settings) {
    this.errors = errors;
    this.clock = clock;
    this.most = settings.failedAuthenticationsPerMinute();
  }

  /** Answers with 429 if the address is over the limit; returns whether it did. */
  boolean refuses(HttpServletRequest request, HttpServletResponse response, String credential)
      throws IOException {
    if (isProbe(request)) return false;
    Optional<RequestFailed> refusal = refusal(request);
    if (refusal.isEmpty() || wasGood(credential)) return false;
    errors.write(response, refusal.get());
    return true;
  }

  /**
   * Checks the limit for a secret other than a bearer credential.
   *
   * @throws RequestFailed 429 if there were too many failed logins from its address
   */
  public void requireFew(HttpServletRequest request) {
    refusal(request)
        .ifPresent(
            refused -> {
              throw refused;
            });
  }

  /** Remembers that a credential was valid. */
  void succeeded(String credential) {
    long[] hash = hash(credential);
    good.set(Math.floorMod(hash[0], GOOD), hash[1]);
  }

  /** Counts a failed login. */
  public void failed(HttpServletRequest request) {
    if (isProbe(request)) return;
    String address = ClientNetwork.of(request);
    Instant now = clock.instant();
    int count;
    synchronized (failures) {
      Failures before = failures.get(address);
      Failures with =
          before == null || before.over(now)
              ? new Failures(now, 1)
              : new Failures(before.since(), before.count() + 1);
      failures.put(address, with);
      count = with.count();
    }
    if (count == most) {
      log.atWarn().addKeyValue("address", address).log("authentication_limited");
    }
  }

  private Optional<RequestFailed> refusal(HttpServletRequest request) {
    Instant now = clock.instant();
    Failures before;
    synchronized (failures) {
      before = failures.get(ClientNetwork.of(request));
    }
    if (before == null || before.count() < most || before.over(now)) return Optional.empty();
    return Optional.of(
        new RequestFailed(
                ProblemType.RATE_LIMITED,
                "Too many failed logins: %d within a minute from your address. Check the key and try again later."
                    .formatted(most))
            .retryAfter(Duration.between(now, before.since().plus(WINDOW))));
  }

  private boolean wasGood(String credential) {
    long[] hash = hash(credential);
    return good.get(Math.floorMod(hash[0], GOOD)) == hash[1];
  }

  private static long[] hash(String credential) {
    ByteBuffer hash = ByteBuffer.wrap(Secrets.hash(credential));
    return new long[] {hash.getLong(), hash.getLong()};
  }

  private static boolean isProbe(HttpServletRequest request) {
    String path = request.getRequestURI();
    return PROBES.contains(path) || path.startsWith("/actuator/health");
  }

  /** The network that a request comes from. */
  static final class ClientNetwork {
    private ClientNetwork() {}

    /** Returns the client's network; behind a trusted proxy, as the proxy reports it. */
    static String of(HttpServletRequest request) {
      return of(request.getRemoteAddr());
    }

    /** Returns an IPv4 address, or the /64 of an IPv6 address. */
    static String of(String address) {
      try {
        InetAddress parsed = InetAddress.ofLiteral(address);
        return parsed instanceof Inet6Address
            ? HexFormat.of().formatHex(Arrays.copyOf(parsed.getAddress(), 8)) + "/64"
            : parsed.getHostAddress();
      } catch (IllegalArgumentException notOne) {
        return "unknown";
      }
    }
  }
}
