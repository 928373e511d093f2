package dev.graft.adapters;

import static dev.graft.tenancy.ApiClient.error;
import static dev.graft.tenancy.ApiClient.ok;
import static dev.graft.tenancy.ApiClient.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.adapters.PublishedAdapters.Published;
import dev.graft.pg.GraftIT;
import dev.graft.platform.SignedLinks;
import dev.graft.tenancy.ApiClient;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What a browser fetches with nothing but a link. */
@GraftIT
class DownloadLinksIT {
  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired PublishedAdapters published;
  @Autowired SignedLinks links;
  @Autowired JdbcClient sql;
  private String department;
  private ApiClient client;
  private Published adapter;

  @BeforeEach
  void anAdapter() throws Exception {
    department = departments.ensure("d-" + UUID.randomUUID());
    client = new ApiClient(port, keys.create(department, Caller.Scope.USER).secret());
    adapter = published.publish(department);
  }

  private String link(String body) throws Exception {
    return text(ok(client.post("/v1/adapters/" + adapter.id() + "/download_links", body)), "url");
  }

  private static HttpResponse<byte[]> fetch(String url, String... headers) throws Exception {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url));
    if (headers.length > 0) request.headers(headers);
    return HttpClient.newHttpClient().send(request.build(), BodyHandlers.ofByteArray());
  }

  @Test
  void aLinkFetchesWithoutAKeyWithRangesAndTags() throws Exception {
    String url = link("{'expires_in_seconds': 60}");
    assertThat(url).startsWith("http://127.0.0.1:" + port + "/downloads/");
    HttpResponse<byte[]> whole = fetch(url);
    assertThat(whole.statusCode()).isEqualTo(200);
    assertThat(whole.headers().firstValue("content-disposition").orElse(""))
        .contains(adapter.id() + ".tar.gz");
    String tag = whole.headers().firstValue("etag").orElseThrow();
    HttpResponse<byte[]> part = fetch(url, "range", "bytes=0-1");
    assertThat(part.statusCode()).isEqualTo(206);
    assertThat(part.body()).isEqualTo(new byte[] {whole.body()[0], whole.body()[1]});
    assertThat(fetch(url, "if-none-match", tag).statusCode()).isEqualTo(304);
    HttpResponse<byte[]> file = fetch(link("{'file': 'weights.txt'}"));
    assertThat(new String(file.body())).isEqualTo(adapter.jobId().substring("ftjob-".length()));
    assertThat(audited("download_link.created")).isEqualTo(2);
    assertThat(audited("download_link.used")).isEqualTo(4);
  }

  private long audited(String type) {
    return sql.sql("select count(*) from audit_log where type = ? and resource_id = ?")
        .params(type, adapter.id())
        .query(Long.class)
        .single();
  }

  @Test
  void whatIsNotAsItWasSignedIsNoLink() throws Exception {
    String url = link("{}");
    int dot = url.lastIndexOf('.');
    String expired =
        links.sign("adapter\n" + department + "\n" + adapter.id() + "\n", Instant.EPOCH);
    String another = links.sign("file\nx", Instant.MAX.minusSeconds(1));
    for (String wrong :
        List.of(
            url.substring(0, dot),
            url + "A",
            url.replace("/downloads/", "/downloads/A"),
            url.substring(0, dot + 1),
            "http://127.0.0.1:" + port + "/downloads/" + expired,
            "http://127.0.0.1:" + port + "/downloads/" + another,
            "http://127.0.0.1:" + port + "/downloads/%F0.%00")) {
      assertThat(fetch(wrong).statusCode()).as(wrong).isIn(400, 404);
    }
    assertThat(new String(fetch(url + "A").body())).contains("This link is invalid");
  }

  @Test
  void aLinkStopsWithItsAdapterAndWithItsKey() throws Exception {
    String url = link("{}");
    assertThat(fetch(url).statusCode()).isEqualTo(200);
    sql.sql("update link_key set created_at = created_at - interval '31 days'").update();
    String later = link("{}");
    assertThat(key(later)).isNotEqualTo(key(url));
    assertThat(fetch(url).statusCode()).isEqualTo(200);
    sql.sql("update link_key set created_at = created_at - interval '38 days'").update();
    assertThat(fetch(link("{}")).statusCode()).isEqualTo(200);
    assertThat(fetch(url).statusCode()).isEqualTo(404);
    String last = link("{}");
    ok(client.delete("/v1/adapters/" + adapter.id()));
    assertThat(fetch(last).statusCode()).isEqualTo(404);
    error(client.post("/v1/adapters/" + adapter.id() + "/download_links", "{}"), 410);
  }

  private static String key(String url) {
    String claims = url.substring(url.lastIndexOf('/') + 1, url.lastIndexOf('.'));
    return new String(java.util.Base64.getUrlDecoder().decode(claims)).lines().findFirst().get();
  }

  @Test
  void aLinkLivesAWeekAtMostAndIsToWhatIsThere() throws Exception {
    String path = "/v1/adapters/" + adapter.id() + "/download_links";
    for (String wrong : List.of("0", "604801")) {
      assertThat(
              text(error(client.post(path, "{'expires_in_seconds': " + wrong + "}"), 400), "param"))
          .isEqualTo("expires_in_seconds");
    }
    error(client.post(path, "{'file': 'nothing.txt'}"), 404);
  }
}
