// SPDX-License-Identifier: Apache-2.0
// The decoders: what engines of several versions send, and what they should not.
#include "base/limits.hpp"
#include "docker/wire/container.hpp"
#include "docker/wire/container_config.hpp"
#include "docker/wire/event.hpp"
#include "docker/wire/exec.hpp"
#include "docker/wire/image.hpp"
#include "docker/wire/json.hpp"
#include "docker/wire/network.hpp"
#include "docker/wire/stats.hpp"
#include "docker/wire/system.hpp"
#include "docker/wire/volume.hpp"

#include <gtest/gtest.h>

namespace berth::docker {
namespace {

const std::string id(64, 'a');

TEST(Json, IsBoundedInDepthAndSize) {
    auto nested = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    EXPECT_TRUE(parse_json(nested(30)));
    EXPECT_FALSE(parse_json(nested(40)));
    EXPECT_FALSE(parse_json(std::string(limits::engine_reply + 1, ' ')));
    for (const char* bad : {"", "nope", "{", "{}x", "\xff"})
        EXPECT_FALSE(parse_json(bad)) << bad;
}

TEST(Json, ReadsWhatDoesNotFitAsNothing) {
    auto value =
        parse_json(R"({"a":null,"b":"text","c":1e300,"d":18446744073709551615,"e":[1,"x",null]})");
    ASSERT_TRUE(value);
    JsonView view{*value};
    EXPECT_EQ(view["a"].text(), "");
    EXPECT_EQ(view["b"].number(), 0);
    EXPECT_EQ(view["c"].number(), 0);
    EXPECT_EQ(view["d"].number(), 0);
    EXPECT_EQ(view["e"].texts(), std::vector<std::string>{"x"});
    EXPECT_EQ(view["missing"]["deeper"]["still"].text(), "");
    EXPECT_TRUE(view["b"].items().empty());
}

TEST(Container, DecodesAnInspection) {
    auto text = R"({"Id":")" + id + R"(","Name":"/berth-lab","Future":{"x":[1]},
        "State":{"Status":"running","Running":true,"OOMKilled":false,"ExitCode":0,"Error":""},
        "Config":{"Image":"img","Tty":false,"Labels":{"a":"b","c":7}},
        "HostConfig":{"CapAdd":null,"CapDrop":["ALL"],"Init":true,"Memory":1024,"PidsLimit":null},
        "NetworkSettings":{"Ports":{"5900/tcp":[{"HostIp":"127.0.0.1","HostPort":"32768"}],"6080/tcp":null,"x":[{"HostPort":"1"}]},
                           "Networks":{"berth-lab":{}}}})";
    auto details = decode_container(text);
    ASSERT_TRUE(details) << describe(details.error());
    EXPECT_EQ(details->name, "berth-lab");
    EXPECT_EQ(details->status, ContainerStatus::running);
    EXPECT_EQ(details->labels, (std::map<std::string, std::string>{{"a", "b"}}));
    ASSERT_EQ(details->ports.size(), 1U);
    EXPECT_EQ(details->ports[0].host_port, 32768);
    EXPECT_EQ(details->networks, std::vector<std::string>{"berth-lab"});
    EXPECT_TRUE(details->applied.cap_add.empty());
}

TEST(Container, ToleratesEverythingMissingButTheId) {
    auto details = decode_container(R"({"Id":")" + id + R"("})");
    ASSERT_TRUE(details);
    EXPECT_EQ(details->status, ContainerStatus::unknown);
    for (const char* bad :
         {"{}",
          "[]",
          "null",
          R"({"Id":7})",
          R"({"Id":"../../x"})",
          R"({"Id":"ABCDEFABCDEF"})",
          R"({"Id":"abc"})"})
        EXPECT_FALSE(decode_container(bad)) << bad;
}

TEST(Container, DoesNotBelieveStrangePorts) {
    auto text =
        R"({"Id":")" + id +
        R"(","NetworkSettings":{"Ports":{"5900/tcp":[{"HostPort":"0"},{"HostPort":"70000"},{"HostPort":"-1"},
        {"HostPort":"1 2"},{"HostPort":8080},{}],"0/tcp":[{"HostPort":"1"}],"99999/tcp":[{"HostPort":"1"}],"/":[{"HostPort":"1"}]}}})";
    auto details = decode_container(text);
    ASSERT_TRUE(details);
    EXPECT_TRUE(details->ports.empty());
}

TEST(Container, DecodesLists) {
    auto list = decode_container_list(
        R"([{"Id":")" + id + R"(","Names":["/n"],"State":"exited","Labels":null},{"Id":"bad"},7])"
    );
    ASSERT_TRUE(list);
    ASSERT_EQ(list->size(), 1U);
    EXPECT_EQ(list->at(0).name, "n");
    EXPECT_EQ(list->at(0).status, ContainerStatus::exited);
    EXPECT_TRUE(decode_container_list("null")->empty());
    EXPECT_FALSE(decode_container_list("{}"));
}

TEST(Container, DecodesCreationAndExit) {
    EXPECT_EQ(decode_container_created(R"({"Id":")" + id + R"(","Warnings":null})")->str(), id);
    EXPECT_FALSE(decode_container_created(R"({"Id":""})"));
    auto exit = decode_container_exit(R"({"StatusCode":137,"Error":{"Message":"boo"}})");
    EXPECT_EQ(exit->exit_code, 137);
    EXPECT_EQ(exit->error, "boo");
    EXPECT_EQ(decode_container_exit(R"({"StatusCode":0,"Error":null})")->exit_code, 0);
}

TEST(System, DecodesInfoAndVersion) {
    auto info = decode_info(
        R"({"ID":"A:B","NCPU":2,"MemTotal":8000000000,"Plugins":{"Log":["local"]},"LiveRestoreEnabled":true,
        "Runtimes":{"runc":{},"runsc":{}},"SystemTime":"2026-11-23T19:34:36.37Z","Warnings":null})"
    );
    ASSERT_TRUE(info);
    EXPECT_EQ(info->id, "A:B");
    EXPECT_EQ(info->memory_bytes, 8000000000);
    EXPECT_EQ(info->log_drivers, std::vector<std::string>{"local"});
    EXPECT_EQ(info->runtimes.size(), 2U);
    EXPECT_TRUE(info->has_live_restore);
    auto version =
        decode_version(R"({"Version":"20.10","ApiVersion":"1.41","MinAPIVersion":"1.12","Components":[
            {"Name":"Engine","Version":"20.10"},{"Name":"runc","Version":"1.1.5+ds1"},{"Version":"?"},7]})");
    EXPECT_EQ(version->api_version, "1.41");
    EXPECT_EQ(version->components, (std::map<std::string, std::string>{{"Engine", "20.10"}, {"runc", "1.1.5+ds1"}}));
}

TEST(Image, DecodesDetailsOfOldAndNewEngines) {
    auto image = decode_image(
        R"({"Id":"sha256:1","RepoTags":null,"Config":{"Labels":null,"ExposedPorts":{"5900/tcp":{},"53/udp":{},"x":{}}}})"
    );
    ASSERT_TRUE(image);
    EXPECT_EQ(image->exposed_ports, std::vector<std::uint16_t>{5900});
    EXPECT_FALSE(decode_image("{}"));
    auto failed = decode_pull_progress(R"({"errorDetail":{"message":"no"},"error":"no"})");
    EXPECT_EQ(failed->error, "no");
    auto step = decode_pull_progress(
        R"({"status":"Downloading","id":"l","progressDetail":{"current":5,"total":9}})"
    );
    EXPECT_EQ(step->current_bytes, 5);
}

TEST(Network, EncodesAndDecodes) {
    NetworkConfig config;
    config.name = "n\"q";
    config.subnet = "10.0.0.0/28";
    config.options["o"] = "v";
    auto body = encode_network_config(config);
    auto value = parse_object(body, "network");
    EXPECT_EQ(JsonView{*value}["Name"].text(), "n\"q");
    EXPECT_EQ(JsonView{*value}["IPAM"]["Config"].items().at(0)["Subnet"].text(), "10.0.0.0/28");
    auto network = decode_network(
        R"({"Id":"x","Name":"n","IPAM":{"Config":[{"Subnet":"10.0.0.0/28"},{}]},"Containers":{"c1":{}},"Options":null})"
    );
    ASSERT_TRUE(network);
    EXPECT_EQ(network->subnets, std::vector<std::string>{"10.0.0.0/28"});
    EXPECT_EQ(network->containers, std::vector<std::string>{"c1"});
    EXPECT_TRUE(decode_network_list(R"([{"Id":"x","IPAM":{"Config":null}}])")->at(0).subnets.empty()
    );
}

TEST(Volume, DecodesAListWithoutVolumes) {
    EXPECT_TRUE(decode_volume_list(R"({"Volumes":null,"Warnings":null})")->empty());
    EXPECT_EQ(decode_volume_list(R"({"Volumes":[{"Name":"v"},{}]})")->size(), 1U);
}

TEST(ContainerBody, TheImagesEntrypointStaysUnlessAnotherIsSaid) {
    ContainerConfig config;
    auto value = parse_object(encode_container_config(config), "config");
    EXPECT_TRUE(JsonView{*value}["Entrypoint"].texts().empty());
    config.entrypoint = {"/bin/sh", "-c", "a; b"};
    config.command = {"c d"};
    value = parse_object(encode_container_config(config), "config");
    EXPECT_EQ(JsonView{*value}["Entrypoint"].texts(), config.entrypoint);
    EXPECT_EQ(JsonView{*value}["Cmd"].texts(), config.command);
}

TEST(Exec, KeepsWordsApart) {
    ExecConfig config;
    config.command = {"sh", "-c", "a; b"};
    auto value = parse_object(encode_exec_config(config), "exec");
    EXPECT_EQ(JsonView{*value}["Cmd"].texts(), config.command);
    EXPECT_FALSE(JsonView{*value}["Privileged"].flag());
    EXPECT_EQ(decode_exec(R"({"Running":false,"ExitCode":3})")->exit_code, 3);
    EXPECT_EQ(decode_exec(R"({"Running":true,"ExitCode":null})")->exit_code, 0);
}

TEST(Event, DecodesWithAndWithoutTheOldFields) {
    for (const char* text :
         {R"({"status":"die","id":"c","from":"i","Type":"container","Action":"die","Actor":{"ID":"c","Attributes":{"exitCode":"3"}},"timeNano":1790000000000000001})",
          R"({"Type":"container","Action":"die","Actor":{"ID":"c","Attributes":{"exitCode":"3"}},"timeNano":1790000000000000001})"}) {
        auto event = decode_event(text);
        ASSERT_TRUE(event);
        EXPECT_EQ(event->action, "die");
        EXPECT_EQ(event->attributes.at("exitCode"), "3");
        EXPECT_EQ(event->time_ns, 1790000000000000001);
    }
}

TEST(Stats, LeavesThePageCacheOut) {
    auto one = decode_stats(
        R"({"cpu_stats":{"cpu_usage":{"total_usage":7}},"memory_stats":{"usage":100,"limit":200,"stats":{"total_inactive_file":30}},
        "pids_stats":{"current":4},"networks":{"eth0":{"rx_bytes":1,"tx_bytes":2},"eth1":{"rx_bytes":10,"tx_bytes":20}}})"
    );
    ASSERT_TRUE(one);
    EXPECT_EQ(one->memory_bytes, 70);
    EXPECT_EQ(one->received_bytes, 11);
    auto two = decode_stats(R"({"memory_stats":{"usage":100,"stats":{"inactive_file":40}}})");
    EXPECT_EQ(two->memory_bytes, 60);
    EXPECT_TRUE(decode_stats(R"({"memory_stats":{}})"));
}

} // namespace
} // namespace berth::docker
