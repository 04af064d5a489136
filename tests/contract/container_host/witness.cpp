// SPDX-License-Identifier: Apache-2.0
// The one program inside the contract suite's image, linked statically. Without arguments it
// serves port 5900: a greeting, then one command per line ("exit 3", "eat", "say words"). With
// arguments it tells what it sees from inside: "status", "show PATH".
#include <arpa/inet.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

void eat_memory() {
    std::vector<char*> kept;
    while (true) {
        auto* block = static_cast<char*>(std::malloc(1 << 20));
        if (!block) std::_Exit(9);
        std::memset(block, 1, 1 << 20);
        kept.push_back(block);
    }
}

void obey(const std::string& line) {
    if (line.rfind("exit ", 0) == 0) std::_Exit(std::atoi(line.c_str() + 5));
    if (line == "eat") eat_memory();
    if (line.rfind("say ", 0) == 0) std::cout << line.substr(4) << std::endl;
}

void serve_client(int socket) {
    const char greeting[] = "RFB 003.008\n";
    if (::send(socket, greeting, sizeof greeting - 1, MSG_NOSIGNAL) < 0) return;
    std::string line;
    char c = 0;
    while (::recv(socket, &c, 1, 0) == 1) {
        if (c != '\n') {
            line += c;
            continue;
        }
        obey(line);
        line.clear();
        if (::send(socket, "ok\n", 3, MSG_NOSIGNAL) < 0) break;
    }
    ::close(socket);
}

int serve() {
    if (std::getenv("STUBBORN")) std::signal(SIGTERM, SIG_IGN);
    int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    int yes = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(5900);
    if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return 1;
    ::listen(listener, 16);
    std::cout << "serving" << std::endl;
    while (true) {
        int client = ::accept(listener, nullptr, nullptr);
        if (client >= 0) std::thread{serve_client, client}.detach();
    }
}

int print(const char* path) {
    std::ifstream file{path, std::ios::binary};
    if (!file) return 1;
    std::cout << file.rdbuf();
    return 0;
}

int show(const char* path) {
    struct stat info {};
    if (::stat(path, &info) != 0) return 1;
    std::printf("%o %u ", info.st_mode & 07777, info.st_uid);
    std::fflush(stdout);
    return print(path);
}

} // namespace

int main(int count, char** words) {
    std::string verb = count > 1 ? words[1] : "";
    if (verb.empty()) return serve();
    if (verb == "status") return print("/proc/self/status");
    if (verb == "show" && count > 2) return show(words[2]);
    return 2;
}
