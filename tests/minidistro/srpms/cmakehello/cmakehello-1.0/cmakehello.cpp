#include <iostream>

int main()
{
    std::cout << "Hello from CMake\n";
}
