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
 * One request to a stranger's server: no redirects, no cookies, no proxy, no connection that is
 * used twice, nothing read of the answer but its status, and an end to it all after a while.
 */
final class OutboundClient implements AutoCloseable {
  /** An answer's head has an end; by default it has none. */
  private static final Http1Config HEAD =
      Http1Config.custom().setMaxLineLength(8192).setMaxHeaderCount(100).build();

  private final CloseableHttpClient client;
  private final Duration timeout;
  private final ScheduledExecutorService deadlines =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().name("webhook-deadlines").daemon(true).factory());

  /**
   * @param trusted whose certificates receivers may have
   * @param timeout from the connection to the answer's head
   */
  public OutboundClient(OutboundGuard guard, SSLContext trusted, int parallel, Duration timeout) {
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
   * @throws IOException if there is none
   */
  int send(URI url, Map<String, String> headers, String json) throws IOException {
    HttpPost request = new HttpPost(url);
    headers.forEach(request::setHeader);
    request.setEntity(new StringEntity(json, ContentType.APPLICATION_JSON));
    // a server that sends a byte now and then keeps within every other limit
    Future<?> deadline =
        deadlines.schedule(request::cancel, timeout.toMillis(), TimeUnit.MILLISECONDS);
    try {
      return client.executeOpen(null, request, null).getCode();
    } catch (IllegalStateException early) {
      // the client says this of a request that was cancelled before it had a connection
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
   * Where requests may go: public addresses, and those that the operator allows. It is what the
   * HTTP client resolves names with, so that the address that is looked at is the one connected to;
   * a name that has a forbidden address beside others is refused whole.
   *
   * <p>The lists are IANA's registries of special-purpose addresses (RFC 6890).
   */
  static final class OutboundGuard implements DnsResolver {
    /** Of IPv6 nothing else is public. */
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

    /** As {@link InetAddress#getAllByName}. */
    public interface Resolver {
      InetAddress[] resolve(String host) throws UnknownHostException;
    }

    /** A name leads to where nothing may be sent. */
    static final class Forbidden extends UnknownHostException {
      private static final long serialVersionUID = 1L;

      Forbidden() {
        super("leads to an address that is not public");
      }
    }

    /**
     * @param allowed networks that are not public and yet may be reached, as CIDR
     */
    public OutboundGuard(List<String> allowed, boolean allowHttp, Resolver resolver) {
      this.allowed = allowed.stream().map(IpAddressMatcher::new).toList();
      this.allowHttp = allowHttp;
      this.resolver = resolver;
    }

    /**
     * Refuses URLs to which nothing could be sent now.
     *
     * @throws RequestFailed with the reason why not
     */
    public void require(String url) {
      URI uri = parsed(url);
      try {
        resolve(uri.getHost());
      } catch (UnknownHostException nowhere) {
        // one sentence, so that nobody learns here which names are known inside
        throw refused(
            "must lead to a public address, or one of a network that the server's operator allows"
                + " (graft.webhooks.allowed-networks)");
      }
    }

    private URI parsed(String url) {
      if (url.length() > LONGEST) throw refused("must have at most " + LONGEST + " characters");
      // the client would send other characters in the place of these
      if (!url.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
        throw refused("may hold printable ASCII only: encode the rest (RFC 3986)");
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
      if (uri.getRawUserInfo() != null) throw refused("must not hold a user or password");
      if (uri.getRawFragment() != null) throw refused("must not have a fragment");
      if (uri.getPort() == 0 || uri.getPort() > 65535) throw refused("has no such port");
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
