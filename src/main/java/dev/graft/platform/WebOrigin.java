package dev.graft.platform;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * A server from which files come, which may send on to others.
 *
 * @param url of it; other hosts, where files often lie, do not see the authorization
 * @param authorization the header of that name, or null
 * @param trusted whose certificates are believed; null = those that Java knows
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
   * The answer of a GET, after redirects, whatever its status.
   *
   * @param from first byte that is wanted; the status is 206 if it is as wished
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
}
