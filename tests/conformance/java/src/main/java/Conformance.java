import java.io.FileInputStream;
import java.net.URI;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.TrustManagerFactory;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.nio.netty.Http2Configuration;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.model.*;

/**
 * The SDK as the KCL uses it: CBOR for ordinary calls, SubscribeToShard over HTTP/2, windows and PINGs as the KCL sets them.
 * Arguments: endpoint, file of the certificate authority. Prints a line a step; any exception is a failure.
 */
public final class Conformance {
  private static final String STREAM = "java";
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final KinesisAsyncClient kinesis;

  private Conformance(KinesisAsyncClient kinesis) {
    this.kinesis = kinesis;
  }

  public static void main(String[] arguments) throws Exception {
    try (KinesisAsyncClient kinesis = connect(URI.create(arguments[0]), Path.of(arguments[1]))) {
      Conformance run = new Conformance(kinesis);
      run.errorsHaveTheirTypes();
      run.recordsComeBack();
      run.subscriptionsPush();
    }
  }

  private static KinesisAsyncClient connect(URI endpoint, Path authority) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (FileInputStream in = new FileInputStream(authority.toFile())) {
      store.setCertificateEntry("local", CertificateFactory.getInstance("X.509").generateCertificate(in));
    }
    TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    return KinesisAsyncClient.builder()
        .endpointOverride(endpoint)
        .region(Region.US_EAST_1)
        .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test")))
        .httpClientBuilder(NettyNioAsyncHttpClient.builder()
            .protocol(Protocol.HTTP2)
            .maxConcurrency(Integer.MAX_VALUE)
            .http2Configuration(Http2Configuration.builder().initialWindowSize(512 * 1024).healthCheckPingPeriod(Duration.ofSeconds(60)).build())
            .tlsTrustManagersProvider(trust::getTrustManagers))
        .build();
  }

  private static <T> T await(CompletableFuture<T> future) throws Exception {
    return future.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  private static void check(boolean holds, String what) {
    if (!holds) throw new AssertionError(what);
  }

  private void errorsHaveTheirTypes() throws Exception {
    try {
      kinesis.describeStreamSummary(b -> b.streamName("none")).join();
      check(false, "a stream that is not there was described");
    } catch (CompletionException e) {
      check(e.getCause() instanceof ResourceNotFoundException, "not ResourceNotFoundException: " + e.getCause());
      String message = ((ResourceNotFoundException) e.getCause()).awsErrorDetails().errorMessage();
      check(message.equals("Stream none under account 000000000000 not found."), message);
    }
    System.out.println("errors: ok");
  }

  private Set<String> put(int first, int n) throws Exception {
    Set<String> names = new HashSet<>();
    List<PutRecordsRequestEntry> entries = new ArrayList<>();
    for (int i = first; i < first + n; i++) {
      names.add("record " + i);
      entries.add(PutRecordsRequestEntry.builder().data(SdkBytes.fromUtf8String("record " + i)).partitionKey("key " + i).build());
    }
    PutRecordsResponse answer = await(kinesis.putRecords(b -> b.streamName(STREAM).records(entries)));
    check(answer.failedRecordCount() == 0, "records failed");
    return names;
  }

  private void recordsComeBack() throws Exception {
    await(kinesis.createStream(b -> b.streamName(STREAM).shardCount(2)));
    await(kinesis.waiter().waitUntilStreamExists(b -> b.streamName(STREAM)));
    Set<String> names = put(0, 200);
    for (Shard shard : await(kinesis.listShards(b -> b.streamName(STREAM))).shards()) {
      String iterator = await(kinesis.getShardIterator(b -> b.streamName(STREAM).shardId(shard.shardId())
          .shardIteratorType(ShardIteratorType.AT_TIMESTAMP).timestamp(Instant.now().minusSeconds(60)))).shardIterator();
      GetRecordsResponse page = await(kinesis.getRecords(b -> b.shardIterator(iterator)));
      check(page.millisBehindLatest() == 0 && page.nextShardIterator() != null, "not at the tip");
      for (software.amazon.awssdk.services.kinesis.model.Record record : page.records()) {
        check(names.remove(record.data().asUtf8String()), "twice, or never put: " + record);
        long age = Duration.between(record.approximateArrivalTimestamp(), Instant.now()).toSeconds();
        check(age >= -1 && age < 60, "arrived " + age + " s ago");
      }
    }
    check(names.isEmpty(), names.size() + " records are missing");
    System.out.println("records: ok");
  }

  private static final class Subscription {
    final List<String> data = Collections.synchronizedList(new ArrayList<>());
    final CompletableFuture<List<ChildShard>> end = new CompletableFuture<>();
    CompletableFuture<Void> whole;

    void take(SubscribeToShardEvent event) {
      for (software.amazon.awssdk.services.kinesis.model.Record record : event.records()) data.add(record.data().asUtf8String());
      if (event.continuationSequenceNumber() == null) end.complete(event.childShards());
    }
  }

  private Subscription subscribe(String consumer, String shard) {
    Subscription subscription = new Subscription();
    subscription.whole = kinesis.subscribeToShard(
        b -> b.consumerARN(consumer).shardId(shard).startingPosition(p -> p.type(ShardIteratorType.TRIM_HORIZON)),
        SubscribeToShardResponseHandler.builder()
            .subscriber(SubscribeToShardResponseHandler.Visitor.builder().onSubscribeToShardEvent(subscription::take).build())
            .onError(subscription.end::completeExceptionally)
            .build());
    return subscription;
  }

  private static void awaitRecords(List<Subscription> subscriptions, int n) throws Exception {
    Instant deadline = Instant.now().plus(PATIENCE);
    while (subscriptions.stream().mapToInt(s -> s.data.size()).sum() < n) {
      check(Instant.now().isBefore(deadline), "records did not come");
      Thread.sleep(10);
    }
  }

  private void subscriptionsPush() throws Exception {
    String stream = await(kinesis.describeStreamSummary(b -> b.streamName(STREAM))).streamDescriptionSummary().streamARN();
    String consumer = await(kinesis.registerStreamConsumer(b -> b.streamARN(stream).consumerName("app"))).consumer().consumerARN();
    Instant deadline = Instant.now().plus(PATIENCE);
    while (await(kinesis.describeStreamConsumer(b -> b.consumerARN(consumer))).consumerDescription().consumerStatus() != ConsumerStatus.ACTIVE) {
      check(Instant.now().isBefore(deadline), "the consumer did not become ACTIVE");
      Thread.sleep(10);
    }
    List<Shard> shards = await(kinesis.listShards(b -> b.streamName(STREAM))).shards();
    List<Subscription> subscriptions = new ArrayList<>();
    for (Shard shard : shards) subscriptions.add(subscribe(consumer, shard.shardId()));
    awaitRecords(subscriptions, 200);
    put(200, 100);
    awaitRecords(subscriptions, 300);
    Set<String> distinct = new HashSet<>();
    for (Subscription subscription : subscriptions) distinct.addAll(subscription.data);
    check(distinct.size() == 300, distinct.size() + " distinct records of 300");
    System.out.println("pushed: ok");

    await(kinesis.splitShard(b -> b.streamName(STREAM).shardToSplit(shards.get(0).shardId()).newStartingHashKey("1000")));
    List<ChildShard> children = await(subscriptions.get(0).end);
    check(children.size() == 2 && children.get(0).parentShards().equals(List.of(shards.get(0).shardId())), "children: " + children);
    await(subscriptions.get(0).whole);
    System.out.println("end of a shard: ok");
  }
}
