package dev.graft.console;

import java.io.IOException;
import java.net.CookieManager;
import java.net.HttpCookie;
import java.net.InetAddress;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** A browser without scripts: keeps cookies, sends the token of the page that it saw last. */
public final class PageClient {
  private static final Pattern TOKEN = Pattern.compile("name=\"_csrf\" value=\"([^\"]+)\"");

  private final CookieManager cookies = new CookieManager();
  private final HttpClient http;
  private final String server;
  private String token = "none";

  public PageClient(int port) {
    this(port, InetAddress.getLoopbackAddress());
  }

  /**
   * @param from one of this machine's addresses
   */
  public PageClient(int port, InetAddress from) {
    this.server = "http://127.0.0.1:" + port;
    this.http = HttpClient.newBuilder().localAddress(from).cookieHandler(cookies).build();
  }

  public HttpResponse<String> get(String path, String... headers) throws Exception {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(server + path));
    if (headers.length > 0) request.headers(headers);
    return seen(request.build());
  }

  /** Fills a form in and sends it, with the token of the page that it is on. */
  public HttpResponse<String> post(String path, Map<String, String> fields) throws Exception {
    return send(path, fields, "_csrf", token);
  }

  /** As {@link #post}, as a page of another site would: it cannot read the token. */
  HttpResponse<String> postFromElsewhere(String path, Map<String, String> fields) throws Exception {
    return send(path, fields, "_csrf", "guessed");
  }

  /** As htmx sends the form of a file: the token is in a header. */
  public HttpResponse<String> upload(String path, String boundary, String body) throws Exception {
    return seen(
        HttpRequest.newBuilder(URI.create(server + path))
            .header("content-type", "multipart/form-data; boundary=" + boundary)
            .header("hx-request", "true")
            .header("x-xsrf-token", token)
            .POST(BodyPublishers.ofString(body))
            .build());
  }

  private HttpResponse<String> send(
      String path, Map<String, String> fields, String name, String value) throws Exception {
    String body =
        fields.entrySet().stream()
                .map(field -> encoded(field.getKey()) + "=" + encoded(field.getValue()))
                .collect(Collectors.joining("&"))
            + "&"
            + name
            + "="
            + encoded(value);
    return seen(
        HttpRequest.newBuilder(URI.create(server + path))
            .header("content-type", "application/x-www-form-urlencoded")
            .POST(BodyPublishers.ofString(body))
            .build());
  }

  private HttpResponse<String> seen(HttpRequest request) throws IOException, InterruptedException {
    HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
    Matcher found = TOKEN.matcher(answer.body());
    if (found.find()) token = found.group(1);
    return answer;
  }

  public HttpResponse<String> signIn(String key) throws Exception {
    get("/console/sign-in");
    return post("/console/sign-in", Map.of("key", key));
  }

  /** The session's cookie as it is now; empty where nobody is signed in. */
  String session() {
    return cookies.getCookieStore().getCookies().stream()
        .filter(cookie -> cookie.getName().equals("graft_session"))
        .map(HttpCookie::getValue)
        .findFirst()
        .orElse("");
  }

  /** As the header of a request. */
  String cookies() {
    return cookies.getCookieStore().getCookies().stream()
        .map(cookie -> cookie.getName() + "=" + cookie.getValue())
        .collect(Collectors.joining("; "));
  }

  /** Of the form that was seen last. */
  String formToken() {
    return token;
  }

  void bringBack(String session) {
    HttpCookie cookie = new HttpCookie("graft_session", session);
    cookie.setPath("/");
    cookie.setVersion(0);
    cookies.getCookieStore().add(URI.create(server), cookie);
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
