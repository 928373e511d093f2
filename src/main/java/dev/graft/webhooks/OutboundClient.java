package dev.graft.webhooks;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
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
}
