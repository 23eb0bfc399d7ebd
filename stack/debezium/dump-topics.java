// Prints every record of the topics whose name starts with a prefix, one JSON object a line, with nothing interpreted:
// the client of Kafka itself tells null from empty in keys, values and headers.
// java -cp '…/lib/*' dump-topics.java <brokers> <prefix>
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

public class DumpTopics {
    static String text(byte[] bytes) {
        return bytes == null ? "null" : '"' + Base64.getEncoder().encodeToString(bytes) + '"';
    }

    static String line(ConsumerRecord<byte[], byte[]> record, int partitions) {
        List<String> headers = new ArrayList<>();
        for (Header header : record.headers()) {
            headers.add("[" + text(header.key().getBytes(StandardCharsets.UTF_8)) + "," + text(header.value()) + "]");
        }
        return "{\"topic\":\"" + record.topic() + "\",\"partition\":" + record.partition()
            + ",\"partitions\":" + partitions + ",\"offset\":" + record.offset()
            + ",\"timestamp\":" + record.timestamp() + ",\"key\":" + text(record.key())
            + ",\"value\":" + text(record.value()) + ",\"headers\":[" + String.join(",", headers) + "]}";
    }

    public static void main(String[] words) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", words[0]);
        settings.put("key.deserializer", ByteArrayDeserializer.class.getName());
        settings.put("value.deserializer", ByteArrayDeserializer.class.getName());
        settings.put("isolation.level", "read_committed");
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(settings)) {
            List<TopicPartition> places = new ArrayList<>();
            Map<String, List<PartitionInfo>> topics = consumer.listTopics();
            topics.forEach((topic, infos) -> {
                if (!topic.startsWith(words[1])) return;
                for (PartitionInfo info : infos) places.add(new TopicPartition(topic, info.partition()));
            });
            consumer.assign(places);
            consumer.seekToBeginning(places);
            Map<TopicPartition, Long> ends = consumer.endOffsets(places);
            while (places.stream().anyMatch(place -> consumer.position(place) < ends.get(place))) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                    out.println(line(record, topics.get(record.topic()).size()));
                }
            }
        }
        out.flush();
    }
}
