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
 * A server from which files come, which may send on to others.
 *
 * @param url of it; other hosts, where files often lie, do not see the authorization
 * @param authorization the header of that name, or null @@param trusted the trusted authorities;
 *     null = Java's
 */
public record WebOrigin(URI url, @Nullable String authorization, @Nullable SSLContext trusted) {
  private static final int MOST_REDIRECTS = 5;
  private static final int CONNECT_MILLIS = 30_000;

  /** Longest silence in the middle of a file. */
  private static final int READ_MILLIS = 60_000;

  /**
   * @throws IllegalArgumentException if it is not an address of the web
   */
  public WebOrigin {
    String scheme = url.getScheme();
    if (url.getHost() == null || !("https".equals(scheme) || "http".equals(scheme))) {
      throw new IllegalArgumentException("not an address that begins with https://: " + url);
    }
  }

  /** Without name and password. */
  public static String said(URI address) {
    return address.getScheme()
        + "://"
        + address.getHost()
        + (address.getPort() < 0 ? "" : ":" + address.getPort())
        + address.getPath();
  }

  /**
   * The answer of a GET, after redirects, whatever its status. @@param from the first byte to
   * request; the server answers 206 if it honours that
   */
  public HttpURLConnection open(URI target, long from) throws IOException {
    URI next = target;
    for (int redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      HttpURLConnection answer = get(next, from);
      int status = answer.getResponseCode();
      String location = answer.getHeaderField("Location");
      if (status / 100 != 3 || location == null) return answer;
      answer.disconnect();
      next = sentOn(next, location);
    }
    throw new DownloadRefused(said(target) + " leads from one address to the next without end");
  }

  private URI sentOn(URI from, String location) throws DownloadRefused {
    try {
      URI target = from.resolve(location);
      boolean web = "https".equals(target.getScheme()) || "http".equals(target.getScheme());
      if (web && target.getHost() != null) return target;
    } catch (IllegalArgumentException noAddress) {
      // told below
    }
    throw new DownloadRefused(said(from) + " sends on to what is no address of the web");
  }

  private HttpURLConnection get(URI target, long from) throws IOException {
    if (!isIts(target)) SentOn.require(url, target);
    if (!(target.toURL().openConnection() instanceof HttpURLConnection request)) {
      throw new DownloadRefused(said(target) + " is not an address of the web");
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
   * Where a server may send on to: nowhere nearer to this machine than it is itself, and never to
   * addresses of this machine's own network segment, at which clouds tell credentials.
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
            WebOrigin.said(server) + " sends on to an address that is not public");
      }
    }

    /** A name that is known to a proxy alone is its to judge. */
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
