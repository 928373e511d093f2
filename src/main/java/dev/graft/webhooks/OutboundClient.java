package dev.graft.webhooks;

import dev.graft.platform.RequestFailed;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.classic.methods.HttpPost;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.ManagedHttpClientConnectionFactory;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.http.io.entity.StringEntity;
import org.apache.hc.core5.util.Timeout;
import org.springframework.security.web.util.matcher.IpAddressMatcher;

/**
 * Sends single requests to servers that Graft does not trust: no redirects, no cookies, no proxy,
 * no reuse of connections, one deadline for the whole exchange. Only the status of the answer is
 * read.
 */
final class OutboundClient implements AutoCloseable {
  /** Bounds the head of an answer; by default it has no bound. */
  private static final Http1Config HEAD =
      Http1Config.custom().setMaxLineLength(8192).setMaxHeaderCount(100).build();

  private final CloseableHttpClient client;
  private final Duration timeout;
  private final ScheduledExecutorService deadlines =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().name("webhook-deadlines").daemon(true).factory());

  /**
   * @param trusted the certificate authorities of receivers
   * @param timeout from the connection to the answer's head
   */
  OutboundClient(OutboundGuard guard, SSLContext trusted, int parallel, Duration timeout) {
    this.timeout = timeout;
    Timeout limit = Timeout.of(timeout);
    client =
        HttpClients.custom()
            .setConnectionManager(
                PoolingHttpClientConnectionManagerBuilder.create()
                    .setDnsResolver(guard)
                    .setTlsSocketStrategy(new DefaultClientTlsStrategy(trusted))
                    .setConnectionFactory(
                        ManagedHttpClientConnectionFactory.builder().http1Config(HEAD).build())
                    .setMaxConnTotal(parallel)
                    .setMaxConnPerRoute(parallel)
                    .setDefaultConnectionConfig(
                        ConnectionConfig.custom()
                            .setConnectTimeout(limit)
                            .setSocketTimeout(limit)
                            .build())
                    .build())
            .setDefaultRequestConfig(
                RequestConfig.custom()
                    .setResponseTimeout(limit)
                    .setConnectionRequestTimeout(limit)
                    .build())
            .setConnectionReuseStrategy((request, response, context) -> false)
            .setUserAgent("Graft-Webhooks")
            .disableRedirectHandling()
            .disableAutomaticRetries()
            .disableCookieManagement()
            .disableAuthCaching()
            .disableContentCompression()
            .build();
  }

  /**
   * Returns the status of the answer.
   *
   * @throws IOException if there is no answer
   */
  int send(URI url, Map<String, String> headers, String json) throws IOException {
    HttpPost request = new HttpPost(url);
    headers.forEach(request::setHeader);
    request.setEntity(new StringEntity(json, ContentType.APPLICATION_JSON));
    // a server that sends one byte now and then never reaches the other limits
    Future<?> deadline =
        deadlines.schedule(request::cancel, timeout.toMillis(), TimeUnit.MILLISECONDS);
    try {
      return client.executeOpen(null, request, null).getCode();
    } catch (IllegalStateException early) {
      // the client throws this if the request was cancelled before it had a connection
      if (!request.isCancelled()) throw early;
      throw new SocketTimeoutException("cancelled before it was connected");
    } finally {
      deadline.cancel(false);
      request.cancel();
    }
  }

  @Override
  public void close() throws IOException {
    deadlines.shutdownNow();
    client.close();
  }

  /**
   * Allows requests to public addresses and to networks that the operator allows. The HTTP client
   * resolves names with it, so the address that is checked is the address that is used. A name with
   * one forbidden address is refused, whatever its other addresses are.
   *
   * <p>The lists are IANA's registries of special-purpose addresses (RFC 6890).
   */
  static final class OutboundGuard implements DnsResolver {
    /** All public addresses of IPv6. */
    private static final IpAddressMatcher PUBLIC_6 = new IpAddressMatcher("2000::/3");

    private static final List<IpAddressMatcher> SPECIAL =
        Stream.of(
                "0.0.0.0/8",
                "10.0.0.0/8",
                "100.64.0.0/10",
                "127.0.0.0/8",
                "169.254.0.0/16",
                "172.16.0.0/12",
                "192.0.0.0/24",
                "192.0.2.0/24",
                "192.31.196.0/24",
                "192.52.193.0/24",
                "192.88.99.0/24",
                "192.168.0.0/16",
                "192.175.48.0/24",
                "198.18.0.0/15",
                "198.51.100.0/24",
                "203.0.113.0/24",
                "224.0.0.0/3",
                "2001::/23",
                "2001:db8::/32",
                "2002::/16",
                "2620:4f:8000::/48",
                "3fff::/20")
            .map(IpAddressMatcher::new)
            .toList();

    private static final int LONGEST = 2000;

    private final List<IpAddressMatcher> allowed;
    private final boolean allowHttp;
    private final Resolver resolver;

    /** Resolves as {@link InetAddress#getAllByName} does. */
    interface Resolver {
      InetAddress[] resolve(String host) throws UnknownHostException;
    }

    /** A name resolves to a forbidden address. */
    static final class Forbidden extends UnknownHostException {
      private static final long serialVersionUID = 1L;

      Forbidden() {
        super("resolves to an address that is not public");
      }
    }

    /**
     * @param allowed networks that are allowed although they are not public, as CIDR
     */
    OutboundGuard(List<String> allowed, boolean allowHttp, Resolver resolver) {
      this.allowed = allowed.stream().map(IpAddressMatcher::new).toList();
      this.allowHttp = allowHttp;
      this.resolver = resolver;
    }

    /**
     * Checks that requests can be sent to a URL now.
     *
     * @throws RequestFailed with the reason if they cannot
     */
    void require(String url) {
      URI uri = parsed(url);
      try {
        resolve(uri.getHost());
      } catch (UnknownHostException nowhere) {
        // one message for all causes, so that it does not reveal which internal names exist
        throw refused(
            "must resolve to a public address or to a network that the server's operator allows"
                + " (graft.webhooks.allowed-networks)");
      }
    }

    private URI parsed(String url) {
      if (url.length() > LONGEST) throw refused("must have at most " + LONGEST + " characters");
      // the client would replace other characters
      if (!url.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
        throw refused("must be printable ASCII; percent-encode other characters (RFC 3986)");
      }
      URI uri;
      try {
        uri = new URI(url);
      } catch (URISyntaxException e) {
        throw refused("is not a URL");
      }
      boolean http = "http".equals(uri.getScheme()) && allowHttp;
      if (!http && !"https".equals(uri.getScheme())) throw refused("must begin with https://");
      if (uri.getHost() == null) throw refused("has no host");
      if (uri.getRawUserInfo() != null) throw refused("must not contain a user name or password");
      if (uri.getRawFragment() != null) throw refused("must not have a fragment");
      if (uri.getPort() == 0 || uri.getPort() > 65535) throw refused("has an invalid port");
      return uri;
    }

    private static RequestFailed refused(String why) {
      return RequestFailed.invalid("url", "url " + why + ".");
    }

    @Override
    public InetAddress[] resolve(String host) throws UnknownHostException {
      InetAddress[] addresses = resolver.resolve(host);
      if (addresses.length == 0) throw new UnknownHostException(host);
      for (InetAddress address : addresses) if (!mayBeReached(address)) throw new Forbidden();
      return addresses;
    }

    private boolean mayBeReached(InetAddress address) {
      String text = address.getHostAddress().replaceFirst("%.*", "");
      if (allowed.stream().anyMatch(network -> network.matches(text))) return true;
      boolean family = address instanceof Inet4Address || PUBLIC_6.matches(text);
      return family && SPECIAL.stream().noneMatch(network -> network.matches(text));
    }

    @Override
    public String resolveCanonicalHostname(String host) {
      return host;
    }
  }
}
