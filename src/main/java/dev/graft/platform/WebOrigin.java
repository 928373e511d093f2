package dev.graft.platform;

import dev.graft.platform.ResumedDownload.DownloadRefused;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.Comparator;
import java.util.stream.Stream;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * A server to download from, which may redirect to other hosts.
 *
 * @param url the server's URL; the authorization is not sent to other hosts
 * @param authorization the Authorization header, or null
 * @param trusted the trusted authorities; null = Java's
 */
public record WebOrigin(URI url, @Nullable String authorization, @Nullable SSLContext trusted) {
  private static final int MOST_REDIRECTS = 5;
  private static final int CONNECT_MILLIS = 30_000;

  /** The longest pause in the middle of a file. */
  private static final int READ_MILLIS = 60_000;

  /**
   * @throws IllegalArgumentException if it is not an http or https URL
   */
  public WebOrigin {
    String scheme = url.getScheme();
    if (url.getHost() == null || !("https".equals(scheme) || "http".equals(scheme))) {
      throw new IllegalArgumentException("not an http or https URL: " + url);
    }
  }

  /** Returns a URL without user info and query, for messages. */
  public static String shown(URI address) {
    return address.getScheme()
        + "://"
        + address.getHost()
        + (address.getPort() < 0 ? "" : ":" + address.getPort())
        + address.getPath();
  }

  /**
   * Sends a GET request, follows redirects and returns the answer, whatever its status.
   *
   * @param from the first byte to request; the server answers 206 if it honours that
   */
  public HttpURLConnection open(URI target, long from) throws IOException {
    URI next = target;
    for (int redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      HttpURLConnection answer = get(next, from);
      int status = answer.getResponseCode();
      String location = answer.getHeaderField("Location");
      if (status / 100 != 3 || location == null) return answer;
      answer.disconnect();
      next = redirected(next, location);
    }
    throw new DownloadRefused(shown(target) + " redirects too often");
  }

  private URI redirected(URI from, String location) throws DownloadRefused {
    try {
      URI target = from.resolve(location);
      boolean web = "https".equals(target.getScheme()) || "http".equals(target.getScheme());
      if (web && target.getHost() != null) return target;
    } catch (IllegalArgumentException noAddress) {
      // reported below
    }
    throw new DownloadRefused(shown(from) + " redirects to an invalid URL");
  }

  private HttpURLConnection get(URI target, long from) throws IOException {
    if (!isIts(target)) SentOn.require(url, target);
    if (!(target.toURL().openConnection() instanceof HttpURLConnection request)) {
      throw new DownloadRefused(shown(target) + " is not an http or https URL");
    }
    if (trusted != null && request instanceof HttpsURLConnection tls) {
      tls.setSSLSocketFactory(trusted.getSocketFactory());
    }
    request.setInstanceFollowRedirects(false);
    request.setConnectTimeout(CONNECT_MILLIS);
    request.setReadTimeout(READ_MILLIS);
    request.setRequestProperty("Accept", "application/json, text/html, */*;q=0.1");
    if (from > 0) request.setRequestProperty("Range", "bytes=" + from + "-");
    if (authorization != null && isIts(target)) {
      request.setRequestProperty("Authorization", authorization);
    }
    request.connect();
    return request;
  }

  private boolean isIts(URI target) {
    return url.getScheme().equals(target.getScheme())
        && url.getHost().equals(target.getHost())
        && url.getPort() == target.getPort();
  }

  /**
   * Restricts redirects: a server may not redirect to addresses nearer to this machine than its
   * own, and never to link-local addresses, at which clouds serve credentials.
   */
  static final class SentOn {
    private SentOn() {}

    private enum Nearness {
      PUBLIC,
      PRIVATE,
      THIS_MACHINE,
      NEVER
    }

    static void require(URI server, URI target) throws DownloadRefused {
      Nearness near = of(target.getHost());
      if (near == Nearness.NEVER || near.compareTo(of(server.getHost())) > 0) {
        throw new DownloadRefused(
            WebOrigin.shown(server) + " redirects to an address that is not public");
      }
    }

    /** Returns how near a host is; names that only a proxy can resolve count as public. */
    private static Nearness of(String host) {
      try {
        return Stream.of(InetAddress.getAllByName(host))
            .map(SentOn::of)
            .max(Comparator.naturalOrder())
            .orElse(Nearness.PUBLIC);
      } catch (UnknownHostException unknown) {
        return Nearness.PUBLIC;
      }
    }

    private static Nearness of(InetAddress address) {
      if (address.isLinkLocalAddress()
          || address.isAnyLocalAddress()
          || address.isMulticastAddress()) return Nearness.NEVER;
      if (address.isLoopbackAddress()) return Nearness.THIS_MACHINE;
      byte[] bytes = address.getAddress();
      boolean unique = bytes.length == 16 && (bytes[0] & 0xfe) == 0xfc; // RFC 4193
      boolean shared = bytes.length == 4 && bytes[0] == 100 && (bytes[1] & 0xc0) == 64; // RFC 6598
      return address.isSiteLocalAddress() || unique || shared ? Nearness.PRIVATE : Nearness.PUBLIC;
    }
  }
}
